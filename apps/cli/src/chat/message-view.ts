import type { ChatMessage } from '@dimp/chat';
import type { ID } from '@dimp/mkm';
import { protocol } from '../account/protocol.ts';
import { messageFacts } from '../messages/message-facts.ts';
import { messageLine, quoted, shownText } from '../messages/message-lines.ts';
import type { People } from '../people/people.ts';
import type { Output } from '../terminal/output.ts';
import { oneLine } from '../terminal/text.ts';
import type { MessageNumbers } from './numbers.ts';

/** Most people who are named for one reaction. */
const MAX_NAMES = 3;

/** Shows messages of conversations, each with a number, and what changes about them. */
export class MessageView {
  readonly #output: Output;
  readonly #numbers: MessageNumbers;
  readonly #user: ID;

  constructor(output: Output, numbers: MessageNumbers, user: ID) {
    this.#output = output;
    this.#numbers = numbers;
    this.#user = user;
  }

  /** Shows a message, unless it was shown before. @returns whether it is new */
  async showNew(message: ChatMessage, conversation: ID, people: People): Promise<boolean> {
    if (this.#numbers.has(conversation, message.ref)) return false;
    // At once, because a message comes from the queue and from the window of its conversation.
    this.#numbers.of(conversation, message.ref);
    await this.show('message', message, conversation, people);
    return true;
  }

  /** Shows a message. @param type - member `type` of the JSON object */
  async show(
    type: 'message' | 'history' | 'found',
    message: ChatMessage,
    conversation: ID,
    people: People,
  ): Promise<void> {
    const number = this.#numbers.of(conversation, message.ref);
    const facts = await messageFacts(message, conversation, people, this.#user);
    const place = conversation.isGroup && type === 'message' ? conversation : undefined;
    const line = await messageLine(message, people, { mark: `#${number} `, place });
    this.#output.result(type, { number, ...facts }, line);
  }

  /** Shows how a message has changed that was shown before. */
  async showChange(
    before: ChatMessage,
    message: ChatMessage,
    conversation: ID,
    people: People,
  ): Promise<void> {
    const number = this.#numbers.of(conversation, message.ref);
    const lines = await changeLines(before, message, people, number);
    // Who has read it is in the prompt, and in `/info`.
    const isRead = message.readBy.length !== before.readBy.length;
    if (lines.length === 0 && !(isRead && this.#output.json)) return;
    const facts = await messageFacts(message, conversation, people, this.#user);
    this.#output.result('changed', { number, ...facts }, lines);
  }
}

async function changeLines(
  before: ChatMessage,
  message: ChatMessage,
  people: People,
  number: number,
): Promise<readonly string[]> {
  if (message.recalled !== undefined) {
    if (before.recalled !== undefined) return [];
    const by = await people.label(protocol.parseID(message.recalled.by));
    return [`      #${number} was recalled by ${by}`];
  }
  const lines: string[] = [];
  if (message.edits.length !== before.edits.length || message.text !== before.text) {
    lines.push(await messageLine(message, people, { mark: `#${number} ` }));
  }
  const reactions = await reactionChanges(before, message, people);
  if (reactions.length > 0) {
    lines.push(`      #${number} "${quoted(shownText(message))}": ${reactions.join(', ')}`);
  }
  if (message.poll !== before.poll && message.poll !== undefined) {
    lines.push(await messageLine(message, people, { mark: `#${number} ` }));
  }
  return lines;
}

async function reactionChanges(
  before: ChatMessage,
  after: ChatMessage,
  people: People,
): Promise<readonly string[]> {
  const had = new Map(before.reactions.map(({ emoji, by }) => [emoji, by]));
  const has = new Map(after.reactions.map(({ emoji, by }) => [emoji, by]));
  const changes: string[] = [];
  for (const [emoji, by] of has) {
    const added = by.filter((id) => had.get(emoji)?.includes(id) !== true);
    if (added.length > 0) changes.push(`${oneLine(emoji)} by ${await names(added, people)}`);
  }
  for (const [emoji, by] of had) {
    const gone = by.filter((id) => has.get(emoji)?.includes(id) !== true);
    if (gone.length > 0) changes.push(`no ${oneLine(emoji)} by ${await names(gone, people)}`);
  }
  return changes;
}

async function names(ids: readonly string[], people: People): Promise<string> {
  const shown: string[] = [];
  for (const id of ids.slice(0, MAX_NAMES)) shown.push(await people.label(protocol.parseID(id)));
  const more = ids.length > MAX_NAMES ? ` and ${ids.length - MAX_NAMES} more` : '';
  return shown.join(', ') + more;
}
