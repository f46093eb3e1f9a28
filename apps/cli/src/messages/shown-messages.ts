import type { ChatMessage } from '@dimp/chat';
import type { JsonObject } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { Host } from '../host/host.ts';
import type { Output } from '../terminal/output.ts';
import { messageFacts } from './message-facts.ts';
import { messageLine } from './message-lines.ts';

/** A message that is ready to be written. */
export interface ShownMessage {
  readonly facts: JsonObject;
  readonly line: string;
}

/**
 * Prepares a message for the output. Commands write after they have closed the profile, so that a slow reader, such as a pager, does
 * not keep it open.
 *
 * @param isNamed - whether the line says which conversation it is
 */
export async function shownMessage(
  message: ChatMessage,
  conversation: ID,
  { people, user }: Host,
  isNamed: boolean,
): Promise<ShownMessage> {
  const facts = await messageFacts(message, conversation, people, user);
  const mark = `${message.ref}  `;
  const place = isNamed && (message.mine || conversation.isGroup) ? conversation : undefined;
  const line = await messageLine(message, people, { mark, place });
  return { facts, line };
}

/** Writes prepared messages. @param type - member `type` of the JSON objects */
export function writeMessages(
  type: string,
  messages: readonly ShownMessage[],
  output: Output,
): void {
  for (const { facts, line } of messages) output.result(type, facts, line);
}
