import { isProtocolError } from '@dimp/foundation';
import { decodeAddress } from './address.ts';
import type { Reading } from './changes.ts';
import { type ChatRecord, decodeChat } from './chat-record.ts';
import type { OnDamaged } from './damage.ts';
import { decodeMessage, type MessageRecord } from './message-record.ts';
import { orderKey } from './order.ts';
import { positionOf, readChunk } from './page-list.ts';
import { addressPath, chatPath, messagePath, type Place } from './paths.ts';

/** Reads the record of a conversation. @throws `store/` codes */
export async function readChat(reading: Reading, place: Place): Promise<ChatRecord | undefined> {
  const bytes = await reading.get(chatPath(place));
  return bytes === undefined ? undefined : decodeChat(bytes);
}

/** Reads a message. @throws `store/` codes */
export async function readMessage(
  reading: Reading,
  place: Place,
  ref: string,
): Promise<MessageRecord | undefined> {
  const stored = await reading.get(addressPath(place, ref));
  const address = stored === undefined ? undefined : decodeAddress(stored);
  if (address?.key === undefined) return undefined;
  const bytes = await reading.get(messagePath(place, address.page, address.key));
  return bytes === undefined ? undefined : decodeMessage(bytes);
}

/** Reads the messages of a page, in order. @param maxBytes - longer messages are left out */
export async function readPage(
  reading: Reading,
  place: Place,
  page: string,
  onDamaged: OnDamaged,
  maxBytes: number = Number.POSITIVE_INFINITY,
): Promise<MessageRecord[]> {
  const messages: MessageRecord[] = [];
  for await (const [, bytes] of reading.list(messagePath(place, page))) {
    if (bytes.length > maxBytes) continue;
    try {
      messages.push(decodeMessage(bytes));
    } catch (error) {
      if (!isProtocolError(error, 'store/corrupt')) throw error;
      onDamaged(error);
    }
  }
  return messages;
}

/** How to go through a conversation. */
export interface WalkOptions {
  readonly reading: Reading;
  readonly place: Place;
  /** Reads the conversation as it is now. */
  readonly chat: () => Promise<ChatRecord | undefined>;
  readonly onDamaged: OnDamaged;
  /** Key to begin at; that message is included. The first or the last message by default. */
  readonly from?: string;
  /** Reads a page, perhaps from a cache; from the store by default. */
  readonly page?: (name: string) => Promise<readonly MessageRecord[]>;
  /** Makes the list of pages again if it is damaged. */
  readonly mend?: () => Promise<void>;
}

/** Goes through a conversation page by page, the oldest message first. */
export function ascending(options: WalkOptions): AsyncGenerator<readonly MessageRecord[]> {
  return walk(options, 1);
}

/** Goes through a conversation page by page, the newest message first. */
export function descending(options: WalkOptions): AsyncGenerator<readonly MessageRecord[]> {
  return walk(options, -1);
}

/**
 * Pages may be split and dropped between two reads. Then the walk finds its place again by the key that it has come to, so that
 * it neither skips a message nor yields one twice.
 */
async function* walk(
  { reading, place, chat: current, onDamaged, from, page: read, mend }: WalkOptions,
  step: 1 | -1,
): AsyncGenerator<readonly MessageRecord[]> {
  const isPast = (key: string, limit: string): boolean => (step > 0 ? key >= limit : key <= limit);
  let limit = from ?? (step > 0 ? '' : LAST);
  let chat = await current();
  const locate = async (): Promise<PagePosition | undefined> =>
    chat && positionIn(reading, place, chat, limit);
  const mending = async (
    find: () => Promise<PagePosition | undefined>,
  ): Promise<PagePosition | undefined> => {
    try {
      return await find();
    } catch (error) {
      if (mend === undefined || !isProtocolError(error, 'store/corrupt')) throw error;
      await mend();
      chat = await current();
      return locate();
    }
  };
  let position = await mending(locate);
  while (chat !== undefined && position !== undefined) {
    const name = position.names[position.at] as string;
    const page = await (read?.(name) ?? readPage(reading, place, name, onDamaged));
    const now: ChatRecord | undefined = await current();
    if (now?.layout !== chat.layout) {
      chat = now;
      position = await mending(locate);
      continue;
    }
    const messages = page.filter((message) => isPast(orderKey(message), limit));
    if (step < 0) messages.reverse();
    const last = messages.at(-1);
    if (last !== undefined) {
      limit = step > 0 ? `${orderKey(last)}\u0001` : before(orderKey(last));
      yield messages;
    }
    const [from, at] = [chat, position];
    position = await mending(() => neighbour(reading, place, from, at, step));
  }
}

/** Above all keys. */
const LAST = '\uffff';

/** The greatest text below a key, as far as keys are concerned. */
function before(key: string): string {
  const end = key.length - 1;
  return `${key.slice(0, end)}${String.fromCharCode(key.charCodeAt(end) - 1)}\uffff`;
}

/** A page in its part of the list. */
interface PagePosition {
  readonly chunk: number;
  readonly names: readonly string[];
  readonly at: number;
}

async function positionIn(
  reading: Reading,
  place: Place,
  { chunks }: ChatRecord,
  key: string,
): Promise<PagePosition | undefined> {
  const chunk = positionOf(chunks, key);
  const name = chunks[chunk];
  if (name === undefined) return undefined;
  const names = await readChunk(reading, place, name);
  return { chunk, names, at: positionOf(names, key) };
}

async function neighbour(
  reading: Reading,
  place: Place,
  { chunks }: ChatRecord,
  { chunk, names, at }: PagePosition,
  step: 1 | -1,
): Promise<PagePosition | undefined> {
  if (names[at + step] !== undefined) return { chunk, names, at: at + step };
  const next = chunks[chunk + step];
  if (next === undefined) return undefined;
  const more = await readChunk(reading, place, next);
  return { chunk: chunk + step, names: more, at: step > 0 ? 0 : more.length - 1 };
}
