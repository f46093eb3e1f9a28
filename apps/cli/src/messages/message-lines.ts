import type { ChatMessage } from '@dimp/chat';
import type { ID } from '@dimp/mkm';
import { protocol } from '../account/protocol.ts';
import type { People } from '../people/people.ts';
import { oneLine, printable, shortened, sizeText, timeText } from '../terminal/text.ts';

/** Longest quotation in front of a reply, in characters. */
const MAX_QUOTE = 60;
/** Most emojis under a message. */
const MAX_REACTIONS = 8;

/** How a message is shown. */
export interface LineOptions {
  /** In front of the time, such as a number by which the message is named. */
  readonly mark?: string;
  /** The group in which the message was written, if that is not clear from the place. */
  readonly place?: ID | undefined;
}

/** A message for a terminal: time, sender, text, and what was said about it. Further lines are indented. */
export async function messageLine(
  message: ChatMessage,
  people: People,
  { mark = '', place }: LineOptions = {},
): Promise<string> {
  const { replyTo, edits, reactions } = message;
  const who = message.mine ? 'you' : await people.label(protocol.parseID(message.sender));
  const where = place === undefined ? '' : ` in ${await people.label(place)}`;
  const quote =
    replyTo === undefined || message.recalled !== undefined
      ? ''
      : `[to ${await nameOf(replyTo.sender, people)}: ${quoted(replyTo.text)}] `;
  const forwarded = message.forwarded ? '[forwarded] ' : '';
  const edited = edits.length > 0 ? ' (edited)' : '';
  const text = `${quote}${forwarded}${shownText(message)}${edited}`;
  const under = reactions.length === 0 ? '' : `\n${reactionText(message)}`;
  return `${mark}${saidLine(message.time / 1000, `${who}${where}`, text + under)}`;
}

/** Text of a message, which may have several lines. */
export function shownText({ kind, text, recalled, attachments, poll }: ChatMessage): string {
  if (recalled !== undefined) {
    const { reason } = recalled;
    return reason === undefined ? '[recalled]' : `[removed: ${shortened(reason)}]`;
  }
  if (poll !== undefined) {
    const options = poll.options.map(({ text: option, votes, mine }, index) => {
      const own = mine ? ', yours' : '';
      return `${index + 1}. ${option} (${votes}${own})`;
    });
    const closed = poll.closed ? ' (closed)' : '';
    return [`[poll${closed}] ${poll.question}`, ...options].join('\n');
  }
  const files = attachments.map(({ kind: type, name = 'without name', size }) => {
    const length = size === undefined ? '' : `, ${sizeText(size)}`;
    return `[${type}: ${shortened(name)}${length}]`;
  });
  if (files.length > 0) return [...files, ...(text === '' ? [] : [text])].join(' ');
  return text === '' ? `[${kind}]` : text;
}

/** The reactions to a message on one line. */
export function reactionText({ reactions }: Pick<ChatMessage, 'reactions'>): string {
  const shown = reactions.slice(0, MAX_REACTIONS).map(({ emoji, count }) => {
    return count === 1 ? emoji : `${emoji} ${count}`;
  });
  const more = reactions.length > MAX_REACTIONS ? ' …' : '';
  return `${shown.join('  ')}${more}`;
}

/** Formats something that was said for a terminal; further lines are indented. @param who - already printable */
export function saidLine(time: number, who: string, text: string): string {
  const [first = '', ...more] = printable(text).split('\n');
  return [`${clockText(time)} ${who}: ${first}`, ...more.map((line) => `      ${line}`)].join('\n');
}

/** Formats seconds since the epoch as day and minute in local time. */
export function clockText(seconds: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return timeText(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** A text as a short quotation on one line. */
export function quoted(text: string): string {
  const line = oneLine(text.replaceAll(/\s+/gu, ' ').trim());
  const characters = [...line];
  return characters.length <= MAX_QUOTE ? line : `${characters.slice(0, MAX_QUOTE).join('')}…`;
}

async function nameOf(id: string, people: People): Promise<string> {
  const person = await people.person(protocol.parseID(id));
  return person.standing === 'self' ? 'you' : people.labelOf(person);
}
