import { decodePart, decodeRecord } from '@dimp/endpoint';
import type { JsonObject } from '@dimp/foundation';
import {
  array,
  boolean,
  jsonObject,
  literal,
  number,
  object,
  optional,
  type Schema,
  string,
} from '@dimp/foundation/schema';
import type { AnnotatedMessage } from '../merge/annotation.ts';
import type { Annotations } from '../merge/apply.ts';
import type { MessageState } from '../model/message.ts';
import { annotationsRecord } from './annotations-record.ts';

/** States that a delivery has. Whether a message was read follows from the read marks of its readers. */
export type SentState = Exclude<MessageState, 'read'>;

/** One message of a conversation. Users are entities as text, times are milliseconds since the epoch. */
export interface MessageRecord {
  readonly ref: string;
  /** Names of its copies, at most {@link MAX_COPIES}. */
  readonly ids: readonly string[];
  readonly sender: string;
  /** Sent by the user of this device. */
  readonly out?: boolean;
  readonly kind: string;
  /** As on the wire, without the bytes of files. */
  readonly content: JsonObject;
  /** Text for a content without a member `text`. */
  readonly text?: string;
  readonly time: number;
  readonly arrived: number;
  readonly stamp: number;
  readonly state?: SentState;
  /** Code of an error. */
  readonly error?: string;
  /** States of the copies by receiver, of at most {@link MAX_RECEIVERS}. */
  readonly receivers?: Readonly<Record<string, SentState>>;
  readonly annotations?: Annotations;
  readonly starred?: boolean;
  /** Does not count as unread. */
  readonly quiet?: boolean;
  readonly mentionsMe?: boolean;
  /** Lifetime in seconds. */
  readonly vanish?: number;
  /** When it disappears. */
  readonly vanishesAt?: number;
}

/** Most names of copies that a message keeps. */
export const MAX_COPIES = 4;
/** Most receivers whose states a message keeps. */
export const MAX_RECEIVERS = 64;

const sentState: Schema<SentState> = literal(
  'waiting',
  'queued',
  'sent',
  'delivered',
  'received',
  'failed',
);

const record: Schema<MessageRecord> = object({
  ref: string,
  ids: array(string),
  sender: string,
  out: optional(boolean),
  kind: string,
  content: jsonObject,
  text: optional(string),
  time: number,
  arrived: number,
  stamp: number,
  state: optional(sentState),
  error: optional(string),
  receivers: optional(jsonObject as Schema<Readonly<Record<string, SentState>>>),
  annotations: optional(annotationsRecord),
  starred: optional(boolean),
  quiet: optional(boolean),
  mentionsMe: optional(boolean),
  vanish: optional(number),
  vanishesAt: optional(number),
});

/** Decodes a stored message. @throws `store/corrupt` */
export function decodeMessage(bytes: Uint8Array): MessageRecord {
  const stored = decodeRecord(bytes, 'message');
  return decodePart('message', () => record.decode(stored, 'message'));
}

/** Writes a message as JSON. */
export function messageToJson(message: MessageRecord): JsonObject {
  return record.encode(message) as JsonObject;
}

/** Reads a message from JSON, as {@link messageToJson} writes it. @throws `format/` codes */
export function messageFromJson(json: JsonObject): MessageRecord {
  return record.decode(json, 'message');
}

/** The message as the merge rules see it. */
export function annotated(message: MessageRecord): AnnotatedMessage {
  const { sender: author, time, arrived, kind, content } = message;
  return { author, time, arrived, kind, content };
}

/** Whether a message counts as unread until it is read. */
export function countsAsUnread({ out, quiet, kind, annotations }: MessageRecord): boolean {
  return !out && !quiet && kind !== 'note' && annotations?.recalled === undefined;
}

/** The text to show, after edits; empty after a recall. */
export function shownText({ annotations, content, text }: MessageRecord): string {
  if (annotations?.recalled !== undefined) return '';
  const edited = annotations?.edits?.at(-1)?.value.text;
  if (edited !== undefined) return edited;
  const own = content['text'];
  return typeof own === 'string' ? own : (text ?? '');
}
