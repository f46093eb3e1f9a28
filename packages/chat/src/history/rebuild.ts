import { decodeRecordObject } from '@dimp/endpoint';
import type { Changes } from './changes.ts';
import { type ChatRecord, lastOf, newChat } from './chat-record.ts';
import { type OnDamaged, unlessDamaged } from './damage.ts';
import { CHUNK_PAGES } from './page-list.ts';
import { keysOf } from './pages.ts';
import { chunkPath, MESSAGES, type Place, standingPath } from './paths.ts';
import { readPage } from './reading.ts';

/**
 * Makes the record of a conversation and its list of pages again, from the messages that are there. Everything counts as read. A
 * stranger stays a stranger and a blocked peer blocked; what else the user has set for the conversation is lost. It reads all
 * messages, so it is for damage only.
 */
export async function rebuildChat(
  changes: Changes,
  place: Place,
  kind: ChatRecord['kind'],
  onDamaged: OnDamaged,
): Promise<ChatRecord> {
  const standing = await readStanding(changes, place);
  const chat: ChatRecord = { ...newChat(kind), ...standing };
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
    ...(standing.request === undefined ? { accepted: true } : {}),
    chunks,
    count: [...pages.values()].reduce((sum, count) => sum + count, 0),
    tail: { page, count: pages.get(page) ?? 0, key },
    layout: names.length,
    ...(newest === undefined
      ? {}
      : { last: lastOf(newest), read: { stamp: newest.stamp, ref: newest.ref } }),
  };
}

/** What is known of the peer apart from the damaged record. */
async function readStanding(
  changes: Changes,
  place: Place,
): Promise<Pick<ChatRecord, 'blocked' | 'request'>> {
  const { blocked, request } =
    (await unlessDamaged(async () => {
      const bytes = await changes.get(standingPath(place));
      return bytes && decodeRecordObject(bytes, 'standing');
    })) ?? {};
  return {
    ...(blocked === true ? { blocked } : {}),
    ...(request === 'unknown sender' || request === 'invited' ? { request } : {}),
  };
}
