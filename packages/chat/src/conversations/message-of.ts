import type { Protocol } from '@dimp/core';
import type { Content } from '@dimp/dkd';
import { refOf } from '@dimp/extensions/chat';
import { isJsonObject, type Json, type JsonObject, ownMember } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { cut } from '../history/chat-record.ts';
import type { MessageRecord } from '../history/message-record.ts';

/** A member of a content with this many characters is stored apart, so that a page stays short. */
const LONG_DATA = 1024;
/** Most characters of a fallback text that is stored. */
const MAX_FALLBACK = 2000;
/** Lifetimes in seconds that a content may have: 5 seconds to 90 days. */
export const VANISH_SECONDS: readonly [number, number] = [5, 90 * 86_400];

/** A message for the history, and the bytes of its files that are stored apart. */
export interface NewMessage {
  readonly message: MessageRecord;
  /** By index of the file; as on the wire. */
  readonly data: JsonObject | undefined;
}

/** Where and when a content came. */
export interface ContentSource {
  /** Name of the copy. */
  readonly id: string;
  readonly sender: ID;
  /** Time of the envelope in seconds. */
  readonly sentTime: number;
  /** Milliseconds since the epoch. */
  readonly arrived: number;
  readonly stamp: number;
  readonly protocol: Protocol;
}

/** Time of a content in seconds; that of the envelope if it has none. */
export function timeOf(content: Content, sentTime: number): number {
  return content.time ?? sentTime;
}

/** The ref of a content. */
export function refOfContent(content: Content, sender: ID, sentTime: number): string {
  return refOf({ sender, sn: content.sn, time: timeOf(content, sentTime) });
}

/** Makes the record of a message. @param kind - `album` for an array of pictures, else that of the content */
export function newMessage(content: Content, kind: string, source: ContentSource): NewMessage {
  const { id, sender, sentTime, arrived, stamp, protocol } = source;
  const { wire, data } = withoutData(content.wire);
  const fallback =
    typeof ownMember(wire, 'text') === 'string' ? undefined : protocol.contents.fallback(content);
  const seconds = ownMember(wire, 'vanish');
  const message: MessageRecord = {
    ref: refOfContent(content, sender, sentTime),
    ids: [id],
    sender: sender.entity,
    kind,
    content: wire,
    ...(fallback === undefined ? {} : { text: cut(fallback, MAX_FALLBACK) }),
    time: Math.round(timeOf(content, sentTime) * 1000),
    arrived,
    stamp,
    ...(isLifetime(seconds) ? { vanish: seconds } : {}),
  };
  return { message, data };
}

/** Whether a number of seconds may be the lifetime of a message. */
export function isLifetime(seconds: Json | undefined): seconds is number {
  const [least, most] = VANISH_SECONDS;
  return (
    typeof seconds === 'number' && Number.isInteger(seconds) && seconds >= least && seconds <= most
  );
}

/** Members that differ between two copies of one content. */
const OF_THE_COPY: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'after',
  'receiver',
  'sender',
  'bound',
  '_',
]);

/** The content without what belongs to one copy of it, for comparing. */
export function withoutCopy(content: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(content).filter(([name]) => !OF_THE_COPY.has(name)));
}

/** Takes the bytes of files out of a content: its own, and those of the contents in an array. */
function withoutData(wire: JsonObject): { wire: JsonObject; data: JsonObject | undefined } {
  const contents = ownMember(wire, 'contents');
  if (!Array.isArray(contents)) {
    const own = longData(wire);
    return own === undefined
      ? { wire, data: undefined }
      : { wire: { ...wire, data: undefined }, data: { 0: own } };
  }
  const data: Record<string, string> = {};
  const kept = (contents as readonly Json[]).map((each, at) => {
    const own = isJsonObject(each) ? longData(each) : undefined;
    if (own === undefined) return each;
    data[at] = own;
    return { ...(each as JsonObject), data: undefined };
  });
  return Object.keys(data).length === 0
    ? { wire, data: undefined }
    : { wire: { ...wire, contents: kept }, data };
}

function longData(wire: JsonObject): string | undefined {
  const data = ownMember(wire, 'data');
  return typeof data === 'string' && data.length >= LONG_DATA ? data : undefined;
}
