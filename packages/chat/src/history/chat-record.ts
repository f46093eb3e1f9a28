import { decodePart, decodeRecord } from '@dimp/endpoint';
import type { JsonObject } from '@dimp/foundation';
import {
  array,
  boolean,
  type FieldSchema,
  literal,
  number,
  object,
  optional,
  type Schema,
  string,
} from '@dimp/foundation/schema';
import type { DraftText, Retention } from '../model/conversation.ts';
import { type MessageRecord, type SentState, shownText } from './message-record.ts';
import { orderKey } from './order.ts';

/** Most characters of a preview. */
const MAX_PREVIEW = 200;

/** The newest message, as the list of conversations shows it. */
export interface LastRecord {
  readonly ref: string;
  readonly stamp: number;
  readonly sender: string;
  readonly out?: boolean;
  readonly kind: string;
  readonly preview: string;
  readonly state?: SentState;
}

/** A message in the order of its conversation. */
export interface Mark {
  readonly stamp: number;
  readonly ref: string;
}

/** The newest page: where ordinary messages are added without reading it. */
export interface TailRecord {
  readonly page: string;
  readonly count: number;
  /** Greatest key that it has had. */
  readonly key: string;
}

/** How far another reader has read. */
export interface ReaderRecord extends Mark {
  /** Entity of the reader. */
  readonly by: string;
}

/** The last message of a sender, which the next one names. */
export interface SenderRecord {
  readonly by: string;
  /** Name of the message. */
  readonly id: string;
  readonly stamp: number;
}

/** Summary and state of a conversation. Users are entities as text, times are milliseconds since the epoch. */
export interface ChatRecord {
  readonly kind: 'person' | 'group' | 'self';
  readonly last?: LastRecord;
  readonly read?: Mark;
  readonly unread: number;
  readonly mentions: number;
  readonly missed: number;
  readonly markedUnread?: boolean;
  /** When it was pinned. */
  readonly pinned?: number;
  readonly archived?: boolean;
  /** Absent if it is not muted; 0 for ever. */
  readonly mutedUntil?: number;
  readonly draft?: DraftText;
  readonly request?: 'unknown sender' | 'invited';
  /** The user has accepted it or written to it. */
  readonly accepted?: boolean;
  readonly blocked?: boolean;
  readonly timer?: TimerRecord;
  /** It has had messages that disappear after they are read. */
  readonly vanishing?: boolean;
  readonly retention?: Retention;
  /** All messages up to this stamp were removed. */
  readonly cleared?: number;
  /** Refs of pinned messages, the last pinned one last. */
  readonly pins: readonly string[];
  readonly readers: readonly ReaderRecord[];
  readonly senders: readonly SenderRecord[];
  /** When the user told the peer last how far they have read. */
  readonly toldRead?: Mark;
  /** How many annotations wait for their messages. */
  readonly pending: number;
  /** First keys of the parts of the page list. */
  readonly chunks: readonly string[];
  readonly tail?: TailRecord;
  /** How many messages there are. */
  readonly count: number;
  /** Grows when pages are split or dropped, so that a reader notices. */
  readonly layout: number;
}

/** The lifetime of new messages, as somebody has set it last. */
export interface TimerRecord {
  readonly seconds: number;
  readonly time: number;
  /** The time that the author has written, if their clock was ahead. */
  readonly said?: number;
  readonly by: string;
}

const mark = { stamp: number, ref: string };

const record: Schema<ChatRecord> = object({
  kind: literal('person', 'group', 'self'),
  last: optional(
    object({
      ref: string,
      stamp: number,
      sender: string,
      out: optional(boolean),
      kind: string,
      preview: string,
      state: optional(literal('waiting', 'queued', 'sent', 'delivered', 'received', 'failed')),
    }),
  ),
  read: optional(object(mark)),
  unread: number,
  mentions: number,
  missed: number,
  markedUnread: optional(boolean),
  pinned: optional(number),
  archived: optional(boolean),
  mutedUntil: optional(number),
  draft: optional(object({ text: string, replyTo: optional(string), edits: optional(string) })),
  request: optional(literal('unknown sender', 'invited')),
  accepted: optional(boolean),
  blocked: optional(boolean),
  timer: optional(object({ seconds: number, time: number, said: optional(number), by: string })),
  vanishing: optional(boolean),
  retention: optional(object({ days: optional(number), messages: optional(number) })),
  cleared: optional(number),
  pins: listOf(string),
  readers: listOf(object({ ...mark, by: string })),
  senders: listOf(object({ by: string, id: string, stamp: number })),
  toldRead: optional(object(mark)),
  pending: number,
  chunks: listOf(string),
  tail: optional(object({ page: string, count: number, key: string })),
  count: number,
  layout: number,
});

function listOf<T>(item: Schema<T>): FieldSchema<readonly T[], false> {
  return array(item) as FieldSchema<readonly T[], false>;
}

/** A conversation without messages. */
export function newChat(kind: ChatRecord['kind']): ChatRecord {
  return {
    kind,
    unread: 0,
    mentions: 0,
    missed: 0,
    pins: [],
    readers: [],
    senders: [],
    pending: 0,
    chunks: [],
    count: 0,
    layout: 0,
  };
}

/** Decodes a stored conversation. @throws `store/corrupt` */
export function decodeChat(bytes: Uint8Array): ChatRecord {
  const stored = decodeRecord(bytes, 'conversation');
  return decodePart('conversation', () => record.decode(stored, 'conversation'));
}

/** Reads a conversation from JSON, as {@link chatToJson} writes it. @throws `format/` codes */
export function chatFromJson(json: JsonObject): ChatRecord {
  return record.decode(json, 'conversation');
}

/** Writes a conversation as JSON. */
export function chatToJson(chat: ChatRecord): JsonObject {
  return record.encode(chat) as JsonObject;
}

/** The message as the list of conversations shows it. */
export function lastOf(message: MessageRecord): LastRecord {
  const { ref, stamp, sender, out, kind, state, annotations } = message;
  return {
    ref,
    stamp,
    sender,
    ...(out ? { out } : {}),
    kind: annotations?.recalled === undefined ? kind : 'recalled',
    preview: cut(shownText(message), MAX_PREVIEW),
    ...(state === undefined ? {} : { state }),
  };
}

/** Whether a message is behind a mark. */
export function isAfter(message: Mark, other: Mark | undefined): boolean {
  return other === undefined || orderKey(message) > orderKey(other);
}

/** Cuts a text, and never through a character of two units. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const unit = text.charCodeAt(max - 1);
  return text.slice(0, unit >= 0xd800 && unit < 0xdc00 ? max - 1 : max);
}
