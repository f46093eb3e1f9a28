import type { ChatMessage, Chat as ConversationHandle } from '@dimp/chat';
import { usage } from '../terminal/failure.ts';
import type { Chat } from './chat.ts';
import { readMessageNumber } from './input.ts';
import type { MessagePlace } from './numbers.ts';

/** Messages that are looked at for the newest one that fits. */
const MAX_LOOKED_AT = 200;

/** A message that a typed command names by its number, and what follows the number. */
export interface NumberedMessage {
  readonly place: MessagePlace;
  readonly rest: string;
}

/** Reads the number of a message; undefined if the text does not begin with one. @throws `usage` for an unknown number */
export function numberedMessage({ parts }: Chat, text: string): NumberedMessage | undefined {
  const { number, rest } = readMessageNumber(text);
  if (number === undefined) return undefined;
  const place = parts.state.numbers.at(number);
  if (place === undefined) throw usage(`no message has the number #${number}`);
  return { place, rest };
}

/**
 * The message that a typed command refers to: the one with the number, or else the newest of the current conversation that fits.
 *
 * @throws `usage` if there is none
 */
export async function messageMeant(
  chat: Chat,
  text: string,
  fits: (message: ChatMessage) => boolean,
): Promise<{
  readonly place: { readonly chat: ConversationHandle; readonly ref: string };
  readonly rest: string;
}> {
  const numbered = numberedMessage(chat, text);
  if (numbered !== undefined) {
    const { conversation, ref } = numbered.place;
    const handle = await chat.parts.client.chats.open(conversation.text);
    return { place: { chat: handle, ref }, rest: numbered.rest };
  }
  const { chat: handle } = chat.requireConversation();
  await chat.settle();
  let count = 0;
  for await (const message of handle.messages({ order: 'descending' })) {
    if (message.recalled === undefined && fits(message)) {
      return { place: { chat: handle, ref: message.ref }, rest: text };
    }
    count += 1;
    if (count === MAX_LOOKED_AT) break;
  }
  throw usage('no such message: name one by its number, #N');
}
