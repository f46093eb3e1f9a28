import type { Changes } from './changes.ts';
import { type ChatRecord, lastOf, newChat } from './chat-record.ts';
import { CHUNK_PAGES } from './page-list.ts';
import { keysOf } from './pages.ts';
import { chunkPath, MESSAGES, type Place } from './paths.ts';
import { type OnDamaged, readPage } from './reading.ts';

/**
 * Makes the record of a conversation and its list of pages again, from the messages that are there. Everything counts as read; what
 * the user has set for the conversation is lost. It reads all messages, so it is for damage only.
 */
export async function rebuildChat(
  changes: Changes,
  place: Place,
  kind: ChatRecord['kind'],
  onDamaged: OnDamaged,
): Promise<ChatRecord> {
  const chat = newChat(kind);
  const pages = new Map<string, number>();
  for await (const [[, , , page]] of changes.list([MESSAGES, place.user, place.id])) {
    if (page !== undefined) pages.set(page, (pages.get(page) ?? 0) + 1);
  }
  for await (const [path] of changes.list(['chat-pages', place.user, place.id]))
    changes.delete(path);
  const names = [...pages.keys()];
  const chunks: string[] = [];
  for (let at = 0; at < names.length; at += CHUNK_PAGES) {
    const part = names.slice(at, at + CHUNK_PAGES);
    const [first] = part;
    if (first === undefined) continue;
    chunks.push(first);
    changes.set(chunkPath(place, first), part);
  }
  const page = names.at(-1);
  if (page === undefined) return chat;
  const key = (await keysOf(changes, place, page)).at(-1) ?? page;
  const newest = (await readPage(changes, place, page, onDamaged)).at(-1);
  return {
    ...chat,
    accepted: true,
    chunks,
    count: [...pages.values()].reduce((sum, count) => sum + count, 0),
    tail: { page, count: pages.get(page) ?? 0, key },
    layout: names.length,
    ...(newest === undefined
      ? {}
      : { last: lastOf(newest), read: { stamp: newest.stamp, ref: newest.ref } }),
  };
}
