import type { StoreKey } from '@dimp/core';

/** A conversation of a user; both are entities as text. */
export interface Place {
  readonly user: string;
  /** The peer or the group; the user for notes to themselves. */
  readonly id: string;
}

/** Milliseconds of the days that tombstones and disappearing messages are sorted by. */
const DAY_MS = 86_400_000;

/** Area of the records of conversations. */
export const CHATS = 'chat';
/** Area of messages. */
export const MESSAGES = 'msg';

/** The summary of a conversation. */
export function chatPath({ user, id }: Place): StoreKey {
  return [CHATS, user, id];
}

/** Whether a peer is a stranger or blocked, apart from the summary: damage of that must not open the conversation to them. */
export function standingPath({ user, id }: Place): StoreKey {
  return ['chat-standing', user, id];
}

/** Names of a part of the pages of a conversation. */
export function chunkPath({ user, id }: Place, chunk: string): StoreKey {
  return ['chat-pages', user, id, chunk];
}

/** The messages of a page; with a key, one of them. */
export function messagePath({ user, id }: Place, page: string, key?: string): StoreKey {
  return key === undefined ? [MESSAGES, user, id, page] : [MESSAGES, user, id, page, key];
}

/** Where the message with a ref is, or that it is gone. The part of two characters keeps lists short. */
export function addressPath({ user, id }: Place, ref: string): StoreKey {
  return ['msg-at', user, id, ref.slice(0, 2), ref];
}

/** The bytes of a file that came inside its message. */
export function dataPath({ user, id }: Place, ref: string): StoreKey {
  return ['msg-data', user, id, ref];
}

/** Annotations whose message is not here. */
export function pendingPath({ user, id }: Place, ref: string): StoreKey {
  return ['pending', user, id, ref];
}

/** A message that is gone, by the day when that may be forgotten. */
export function gonePath({ user, id }: Place, until: number, ref: string): StoreKey {
  return ['gone', user, dayOf(until), id, ref];
}

/** A message that will disappear, by the day. */
export function vanishPath({ user, id }: Place, at: number, ref: string): StoreKey {
  return ['vanish', user, dayOf(at), id, ref];
}

/** An outgoing message whose delivery is not settled. */
export function openPath({ user, id }: Place, ref: string): StoreKey {
  return ['msg-open', user, id, ref];
}

/** A message whose content this program cannot read. */
export function unknownPath({ user, id }: Place, ref: string): StoreKey {
  return ['msg-unknown', user, id, ref];
}

/** An entry of the log of messages. */
export function logPath(user: string, order: string): StoreKey {
  return ['chat-log', user, order];
}

/** State of a job. */
export function jobPath(user: string, name: string): StoreKey {
  return ['chat-job', user, name];
}

/** Days since the epoch as text that sorts by time. @param time - milliseconds since the epoch */
export function dayOf(time: number): string {
  return String(Math.max(0, Math.floor(time / DAY_MS))).padStart(6, '0');
}

/** Name of the lock that writers of a conversation hold. */
export function chatLock({ user, id }: Place): string {
  return `chat ${user} ${id}`;
}
