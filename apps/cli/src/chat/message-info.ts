import { protocol } from '../account/protocol.ts';
import { messageFacts } from '../messages/message-facts.ts';
import { messageLine } from '../messages/message-lines.ts';
import { usage } from '../terminal/failure.ts';
import { oneLine, timeText } from '../terminal/text.ts';
import type { Chat } from './chat.ts';
import type { NumberedMessage } from './message-meant.ts';

/** Shows everything that is known about a message. */
export async function showMessageInfo({ parts }: Chat, { place }: NumberedMessage): Promise<void> {
  const { client, host, context, state } = parts;
  const { conversation, ref } = place;
  const handle = await client.chats.open(conversation.text);
  const message = await handle.message(ref);
  if (message === undefined) throw usage('the message is not here any more');
  const number = state.numbers.of(conversation, ref);
  const facts = await messageFacts(message, conversation, host.people, host.user);
  const readers = await Promise.all(
    message.readBy.map((id) => host.people.label(protocol.parseID(id))),
  );
  const edits = message.edits.map(
    ({ text, until }) => `  until ${timeText(until / 1000)}  ${oneLine(text)}`,
  );
  context.output.result('info', { number, ...facts }, [
    await messageLine(message, host.people, { mark: `#${number} ` }),
    `  ID        ${ref}`,
    `  sender    ${oneLine(message.sender)}`,
    `  written   ${timeText(message.time / 1000)}, here ${timeText(message.arrived / 1000)}`,
    `  kind      ${oneLine(message.kind)}`,
    ...(message.state === undefined ? [] : [`  state     ${message.state}`]),
    ...(readers.length === 0 ? [] : [`  read by   ${readers.join(', ')}`]),
    ...edits,
  ]);
}
