import { addressToJson } from './address.ts';
import type { Changes } from './changes.ts';
import type { ChatRecord } from './chat-record.ts';
import { unlessDamaged } from './damage.ts';
import { decodeMessage, type MessageRecord, messageToJson } from './message-record.ts';
import { orderKey } from './order.ts';
import { addPage, dropPage, pageOf, readChunk } from './page-list.ts';
import { addressPath, messagePath, type Place } from './paths.ts';

/** Most messages of a page. */
export const PAGE_MESSAGES = 128;

/** The part of a conversation's record that says how its pages lie. */
export type Layout = Pick<ChatRecord, 'chunks' | 'tail' | 'count' | 'layout'>;

/** Writes a message and where it is. */
export function writeMessage(
  changes: Changes,
  place: Place,
  page: string,
  message: MessageRecord,
): void {
  const key = orderKey(message);
  changes.set(messagePath(place, page, key), messageToJson(message));
  changes.set(addressPath(place, message.ref), addressToJson({ page, key }));
}

/** Puts a new message into its page. A message behind all others is added without reading a page. */
export async function insertIntoPage(
  changes: Changes,
  place: Place,
  layout: Layout,
  message: MessageRecord,
): Promise<Layout> {
  const { chunks, tail, count } = layout;
  const key = orderKey(message);
  if (tail === undefined) return beginPage(changes, place, layout, message);
  if (key <= tail.key) return insertBetween(changes, place, layout, message);
  if (tail.count >= PAGE_MESSAGES) return beginPage(changes, place, layout, message);
  writeMessage(changes, place, tail.page, message);
  return { ...layout, chunks, count: count + 1, tail: { ...tail, count: tail.count + 1, key } };
}

/** Begins a new page at the end; the page before stays full. */
async function beginPage(
  changes: Changes,
  place: Place,
  { chunks, count, layout }: Layout,
  message: MessageRecord,
): Promise<Layout> {
  const key = orderKey(message);
  writeMessage(changes, place, key, message);
  return {
    chunks: await addPage(changes, place, chunks, key),
    count: count + 1,
    tail: { page: key, count: 1, key },
    layout,
  };
}

async function insertBetween(
  changes: Changes,
  place: Place,
  layout: Layout,
  message: MessageRecord,
): Promise<Layout> {
  const { tail, count } = layout;
  const page = (await pageOf(changes, place, layout, orderKey(message))) as string;
  writeMessage(changes, place, page, message);
  const inTail = tail !== undefined && page === tail.page;
  const grown: Layout = {
    ...layout,
    count: count + 1,
    ...(inTail ? { tail: { ...tail, count: tail.count + 1 } } : {}),
  };
  const keys = await keysOf(changes, place, page);
  return keys.length > PAGE_MESSAGES ? splitPage(changes, place, grown, page, keys) : grown;
}

/**
 * Makes two pages of one. The first page of a conversation may have messages before its own name; then both halves get new names,
 * because names must be in the order of their messages.
 */
async function splitPage(
  changes: Changes,
  place: Place,
  layout: Layout,
  page: string,
  keys: readonly string[],
): Promise<Layout> {
  const half = PAGE_MESSAGES / 2;
  const upper = keys[half] as string;
  const lower = page < upper ? page : (keys[0] as string);
  for (const [at, key] of keys.entries()) {
    await move(changes, place, key, page, at < half ? lower : upper);
  }
  let { chunks } = layout;
  if (page !== lower && page !== upper) chunks = await dropPage(changes, place, chunks, page);
  for (const name of [lower, upper]) {
    if (name !== page) chunks = await addPage(changes, place, chunks, name);
  }
  const { tail } = layout;
  return {
    chunks,
    count: layout.count,
    layout: layout.layout + 1,
    ...(tail === undefined
      ? {}
      : { tail: tail.page === page ? { ...tail, page: upper, count: keys.length - half } : tail }),
  };
}

async function move(
  changes: Changes,
  place: Place,
  key: string,
  from: string,
  to: string,
): Promise<void> {
  const bytes = from === to ? undefined : await changes.get(messagePath(place, from, key));
  if (bytes === undefined) return;
  changes.delete(messagePath(place, from, key));
  changes.setBytes(messagePath(place, to, key), bytes);
  // A damaged message must not keep its page from being split.
  const message = await unlessDamaged(() => decodeMessage(bytes));
  if (message === undefined) return;
  changes.set(addressPath(place, message.ref), addressToJson({ page: to, key }));
}

/** Removes a message from its page. An empty page is dropped. */
export async function removeFromPage(
  changes: Changes,
  place: Place,
  layout: Layout,
  { page, key }: { readonly page: string; readonly key: string },
): Promise<Layout> {
  changes.delete(messagePath(place, page, key));
  const { tail } = layout;
  const left: Layout = { ...layout, count: Math.max(0, layout.count - 1) };
  if (tail?.page === page && tail.count > 1) {
    return { ...left, tail: { ...tail, count: tail.count - 1 } };
  }
  if ((await keysOf(changes, place, page)).length > 0) return left;
  const chunks = await dropPage(changes, place, layout.chunks, page);
  const dropped: Layout = { ...left, chunks, layout: layout.layout + 1 };
  if (tail === undefined || tail.page !== page) return dropped;
  const { tail: _, ...rest } = dropped;
  const last = await lastPage(changes, place, chunks);
  if (last === undefined) return rest;
  // The greatest key stays, so that later messages still come behind it.
  const { length } = await keysOf(changes, place, last);
  return { ...rest, tail: { page: last, count: length, key: tail.key } };
}

/** Keys of the messages of a page, in order. */
export async function keysOf(changes: Changes, place: Place, page: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const [path] of changes.list(messagePath(place, page))) {
    const key = path.at(-1);
    if (key !== undefined) keys.push(key);
  }
  return keys;
}

async function lastPage(
  changes: Changes,
  place: Place,
  chunks: readonly string[],
): Promise<string | undefined> {
  const chunk = chunks.at(-1);
  return chunk === undefined ? undefined : (await readChunk(changes, place, chunk)).at(-1);
}
