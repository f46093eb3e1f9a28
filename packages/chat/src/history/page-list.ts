import { corruptRecord, decodeRecord } from '@dimp/endpoint';
import type { Changes, Reading } from './changes.ts';
import type { ChatRecord } from './chat-record.ts';
import { chunkPath, type Place } from './paths.ts';

/** Most pages that one record of the list names. */
export const CHUNK_PAGES = 4096;

/**
 * The pages of a conversation in order. A page is named by the key of its first message when it was made; it holds the messages
 * from its name up to the name of the next page. The first page also holds all earlier ones.
 */
export async function readChunk(
  reading: Reading,
  place: Place,
  chunk: string,
): Promise<readonly string[]> {
  const bytes = await reading.get(chunkPath(place, chunk));
  if (bytes === undefined) throw corruptRecord('page list');
  const names = decodeRecord(bytes, 'page list');
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string' && name !== '')) {
    throw corruptRecord('page list');
  }
  return names;
}

/** Position of the last of ascending names that is not above a key; 0 if all are above it. */
export function positionOf(names: readonly string[], key: string): number {
  let [low, high] = [0, names.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] as string) <= key) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/** The page that a key belongs to; undefined in an empty conversation. */
export async function pageOf(
  reading: Reading,
  place: Place,
  { chunks }: Pick<ChatRecord, 'chunks'>,
  key: string,
): Promise<string | undefined> {
  const chunk = chunks[positionOf(chunks, key)];
  if (chunk === undefined) return undefined;
  const names = await readChunk(reading, place, chunk);
  return names[positionOf(names, key)];
}

/** Adds a page behind the one that held its messages. @returns the new list of chunks */
export async function addPage(
  changes: Changes,
  place: Place,
  chunks: readonly string[],
  page: string,
): Promise<readonly string[]> {
  const at = positionOf(chunks, page);
  const chunk = chunks[at];
  if (chunk === undefined) {
    changes.set(chunkPath(place, page), [page]);
    return [page];
  }
  const names = [...(await readChunk(changes, place, chunk)), page].sort();
  if (names.length <= CHUNK_PAGES) {
    changes.set(chunkPath(place, chunk), names);
    return chunks;
  }
  // The last chunk grows at its end and stays full; others are halved.
  const isLast = at === chunks.length - 1 && names.at(-1) === page;
  const half = isLast ? CHUNK_PAGES : Math.ceil(names.length / 2);
  const second = names[half] as string;
  changes.set(chunkPath(place, chunk), names.slice(0, half));
  changes.set(chunkPath(place, second), names.slice(half));
  return [...chunks.slice(0, at + 1), second, ...chunks.slice(at + 1)];
}

/** Removes a page without messages. @returns the new list of chunks */
export async function dropPage(
  changes: Changes,
  place: Place,
  chunks: readonly string[],
  page: string,
): Promise<readonly string[]> {
  const chunk = chunks[positionOf(chunks, page)];
  if (chunk === undefined) return chunks;
  const left = (await readChunk(changes, place, chunk)).filter((name) => name !== page);
  if (left.length > 0) {
    changes.set(chunkPath(place, chunk), left);
    return chunks;
  }
  changes.delete(chunkPath(place, chunk));
  return chunks.filter((each) => each !== chunk);
}
