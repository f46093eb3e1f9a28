import type { DeferredReason } from '@dimp/client';
import type { JsonObject } from '@dimp/foundation';
import { protocol } from '../account/protocol.ts';
import type { DeferredFacts } from '../host/messaging-calls.ts';
import type { People } from '../people/people.ts';
import type { Output } from '../terminal/output.ts';
import { oneLine } from '../terminal/text.ts';
import { clockText } from './message-lines.ts';

/** Limit for the reports to people, one for each sender and reason: any peer can send messages that wait. */
const MAX_REPORTED = 50;

/** Reasons in words. */
const WAITS_FOR: Readonly<Record<DeferredReason, string>> = {
  order: 'the message before it',
  identity: 'the identity of its sender',
  members: 'the member list of its group',
  clock: 'its time by the clock of this machine',
};

/** Reports messages that have arrived but cannot be shown yet, each sender and reason once. */
export class DeferredMessages {
  readonly #reported = new Set<string>();

  async report(message: DeferredFacts, people: People, output: Output): Promise<void> {
    const { facts, line } = await shown(message, people);
    const kind = `${message.reason} ${message.sender ?? ''}`;
    const isNew = !this.#reported.has(kind) && this.#reported.size < MAX_REPORTED;
    if (isNew) this.#reported.add(kind);
    output.event('deferred', facts, isNew ? line : '');
  }
}

/** Writes each waiting message as a result. */
export async function showDeferred(
  messages: readonly DeferredFacts[],
  people: People,
  output: Output,
): Promise<void> {
  for (const message of messages) {
    const { facts, line } = await shown(message, people);
    output.result('deferred', facts, line);
  }
  if (messages.length === 0) output.note('no messages are waiting');
}

async function shown(
  { id, sender: text, reason, since, until }: DeferredFacts,
  people: People,
): Promise<{ readonly facts: JsonObject; readonly line: string }> {
  const sender = text === undefined ? undefined : protocol.parseID(text);
  const facts: JsonObject = {
    id,
    from: sender === undefined ? undefined : await people.facts(sender),
    reason,
    since: since / 1000,
    until: until === undefined ? undefined : until / 1000,
  };
  // The sender of a message that waits for an identity is not verified.
  const who =
    sender === undefined
      ? ''
      : reason === 'identity'
        ? ` that claims to be from ${oneLine(sender.text)}`
        : ` from ${await people.label(sender)}`;
  const end = until === undefined ? '' : `, until ${clockText(until / 1000)} at the latest`;
  const line = `a message${who} has been waiting for ${WAITS_FOR[reason]} since ${clockText(since / 1000)}${end}`;
  return { facts, line };
}
