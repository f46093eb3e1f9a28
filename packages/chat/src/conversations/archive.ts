import { decodeRecordObject } from '@dimp/endpoint';
import { isRef } from '@dimp/extensions/chat';
import {
  definedOnly,
  fieldError,
  isJsonObject,
  type JsonObject,
  parseJsonObject,
  stringifyJson,
} from '@dimp/foundation';
import { type ChatRecord, chatFromJson, chatToJson } from '../history/chat-record.ts';
import type { ConversationEdit } from '../history/conversation-edit.ts';
import { type MessageRecord, messageFromJson, messageToJson } from '../history/message-record.ts';
import { toStamp } from '../history/order.ts';
import { dataPath } from '../history/paths.ts';
import type { Account } from './account.ts';
import { isLifetime } from './message-of.ts';

/** Name of the format, in the first line. */
const FORMAT = 'dimp-chats-1';
/** Messages that are written in one batch. */
const BATCH = 64;
/** How far the clock of the other device may have been ahead, in milliseconds. */
const MAX_AHEAD_MS = 15 * 60_000;
/** Limits of one line: a message with the bytes of its file. */
const LIMITS = { maxBytes: 4 * 1024 * 1024, maxDepth: 64, maxMembers: 262_144 };

/**
 * Writes conversations as lines of JSON: first the format, then each conversation and its messages in order.
 *
 * @param conversations - entities; all by default
 */
export async function* archiveLines(
  { history, user, list }: Account,
  conversations?: readonly string[],
): AsyncGenerator<string> {
  yield stringifyJson({ format: FORMAT, user: user.entity, time: history.clock.now() });
  for (const [id, chat] of await list.all()) {
    if (conversations !== undefined && !conversations.includes(id)) continue;
    yield stringifyJson({ chat: id, record: chatToJson(chat) });
    for await (const message of history.messages(id)) {
      const bytes = await history.store.get(dataPath(history.place(id), message.ref));
      const data = bytes && decodeRecordObject(bytes, 'file');
      yield stringifyJson({ in: id, message: messageToJson(message), ...definedOnly({ data }) });
    }
  }
}

/**
 * Reads what {@link archiveLines} has written. Messages that are here, or were removed here, stay as they are, so an archive may be
 * read twice.
 *
 * @returns how many messages were not here
 * @throws `format/` codes for a line that cannot be read; what was before it is here
 */
export async function restoreLines(
  account: Account,
  lines: AsyncIterable<string> | Iterable<string>,
): Promise<number> {
  let added = 0;
  let first = true;
  let waiting: Restored[] = [];
  let to: string | undefined;
  const write = async (): Promise<void> => {
    if (to !== undefined && waiting.length > 0) added += await restore(account, to, waiting);
    waiting = [];
  };
  for await (const line of lines) {
    if (line.trim() === '') continue;
    const wire = parseJsonObject(line, LIMITS);
    if (first) checkHead(wire, account);
    first = false;
    const restored = readLine(wire);
    if (restored === undefined) continue;
    const { entity } = account.id(restored.id);
    if (entity !== to || waiting.length === BATCH) await write();
    to = entity;
    waiting.push(restored);
  }
  await write();
  return added;
}

/** A conversation, or a message of it. */
interface Restored {
  readonly id: string;
  readonly chat?: ChatRecord;
  readonly message?: MessageRecord;
  readonly data?: JsonObject;
}

function checkHead({ format, user }: JsonObject, account: Account): void {
  if (format !== FORMAT) throw fieldError('format', `must be ${FORMAT}`);
  if (user !== account.user.entity) throw fieldError('user', 'must be the user of this program');
}

/** @returns undefined for a line of a later version */
function readLine({ chat, record, in: id, message, data }: JsonObject): Restored | undefined {
  if (typeof chat === 'string' && isJsonObject(record)) {
    return { id: chat, chat: chatFromJson(record) };
  }
  if (typeof id !== 'string' || !isJsonObject(message)) return undefined;
  const read = messageFromJson(message);
  if (!isRef(read.ref)) throw fieldError('ref', 'must be 22 characters of Base64url');
  return { id, message: read, ...(isJsonObject(data) ? { data } : {}) };
}

function restore(account: Account, id: string, all: readonly Restored[]): Promise<number> {
  const { history } = account;
  return history.change(id, account.kindOf(account.id(id)), async (edit) => {
    let added = 0;
    for (const { chat, message, data } of all) {
      if (chat !== undefined) restoreChat(edit, chat, history.clock.now());
      if (message === undefined || (await edit.address(message.ref)) !== undefined) continue;
      if (message.stamp <= (edit.chat.cleared ?? -1)) continue;
      if (data !== undefined) edit.changes.set(dataPath(edit.place, message.ref), data);
      const { ref } = await edit.add(settled(message, history.clock.now()));
      const entry = { ref, event: 'added' } as const;
      history.log.write(edit.changes, edit.place, entry, history.clock.now());
      added += 1;
    }
    return added;
  });
}

/**
 * The settings of a conversation that is not here, and the read mark if it is further. A mark in the future would hide all messages
 * until then.
 */
function restoreChat(edit: ConversationEdit, chat: ChatRecord, now: number): void {
  const { pinned, archived, mutedUntil, draft, timer, retention, accepted, blocked, read } = chat;
  if (timer !== undefined && timer.seconds !== 0 && !isLifetime(timer.seconds)) {
    throw fieldError('timer', 'must be 0, or a whole number from 5 to 7776000');
  }
  const { days = 1, messages = 1 } = retention ?? {};
  if (!(days > 0 && messages > 0)) throw fieldError('retention', 'must be above 0');
  if (edit.isNew) {
    const settings = { pinned, archived, mutedUntil, draft, timer, retention, accepted, blocked };
    edit.set({ ...settings, request: chat.request, pins: chat.pins, vanishing: chat.vanishing });
  }
  if (read !== undefined) edit.read({ ref: read.ref, stamp: pastStamp(read.stamp, now) });
}

/** Nothing stands long before the messages that arrive next. The clock of the other device may have been ahead. */
function pastStamp(stamp: number, now: number): number {
  return toStamp(Math.min(stamp, now + MAX_AHEAD_MS));
}

/** What was on its way on another device is not on its way here. */
function settled(message: MessageRecord, now: number): MessageRecord {
  const { state, stamp } = message;
  const lost = state === 'queued' || state === 'waiting';
  return {
    ...message,
    stamp: pastStamp(stamp, now),
    ...(lost ? { state: 'failed', error: 'state/stopped' } : {}),
  };
}
