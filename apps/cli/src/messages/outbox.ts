import { protocol } from '../account/protocol.ts';
import type { OutboxEntry } from '../host/messaging-calls.ts';
import type { People } from '../people/people.ts';
import type { Output } from '../terminal/output.ts';
import { oneLine } from '../terminal/text.ts';
import { stateText } from './delivery.ts';
import { clockText, quoted } from './message-lines.ts';

/** Shows what is on its way to others, the oldest first. */
export async function showOutbox(
  entries: readonly OutboxEntry[],
  people: People,
  output: Output,
): Promise<void> {
  for (const entry of entries) {
    const { id, ref, receiver, kind, text, created, state, error, size } = entry;
    const to = protocol.parseID(receiver);
    const facts = {
      id,
      message: ref,
      receiver,
      to: await people.facts(to),
      kind,
      text,
      created: created / 1000,
      state,
      code: error?.code,
      size,
    };
    const label = await people.label(to);
    const line = `${oneLine(id)}  ${clockText(created / 1000)} to ${label}: ${quoted(text)}  (${stateText(entry)})`;
    output.result('outbox', facts, line);
  }
  if (entries.length === 0) output.note('the outbox is empty');
}
