import { type Cursor, intersection, postingCursor, unionCursor } from './cursor.ts';
import type { DictionaryEntry } from './dictionary.ts';
import { BLOCK_DOCUMENTS, type IndexedDocument } from './documents.ts';
import type { TermQuery } from './query.ts';
import type { Segment } from './segment.ts';

/** Most terms that a prefix stands for, in one segment. */
const MAX_EXPANSIONS = 256;
/** Most terms that are looked at for them. */
const MAX_LOOKED_AT = 4096;

/** Documents of a segment that match a query, the newest first. */
export async function* matchesIn(
  segment: Segment,
  query: TermQuery,
  { most, deleted }: { readonly most: number; readonly deleted: (number: number) => boolean },
): AsyncGenerator<IndexedDocument> {
  const cursors = await cursorsOf(segment, query);
  if (cursors === undefined) return;
  let [block, documents]: [number, readonly IndexedDocument[]] = [-1, []];
  for await (const number of intersection(cursors, segment.numberAtMost(most))) {
    if (deleted(number)) continue;
    const inBlock = Math.floor(number / BLOCK_DOCUMENTS);
    if (inBlock !== block) [block, documents] = [inBlock, await segment.documents(inBlock)];
    const document = documents[number % BLOCK_DOCUMENTS];
    if (document !== undefined && document.stamp <= most) yield document;
  }
}

/** The cursors of a query in a segment; undefined if it has no match. */
async function cursorsOf(
  segment: Segment,
  { terms, prefix, anyOf = [] }: TermQuery,
): Promise<readonly Cursor[] | undefined> {
  const [all, any, expanded] = await Promise.all([
    Promise.all(terms.map((term) => cursorOf(segment, term))),
    Promise.all(anyOf.map((set) => Promise.all(set.map((term) => cursorOf(segment, term))))),
    prefix === undefined ? [] : expansions(segment, prefix),
  ]);
  const unions = any.map((cursors) => cursors.filter((cursor) => cursor !== undefined));
  if (prefix !== undefined) unions.push(expanded.map(({ place }) => postingCursor(segment, place)));
  const found = all.filter((cursor) => cursor !== undefined);
  if (found.length < all.length || unions.some((cursors) => cursors.length === 0)) return undefined;
  return [...found, ...unions.map(unionCursor)];
}

async function cursorOf(segment: Segment, term: string): Promise<Cursor | undefined> {
  const place = await segment.find(term);
  return place === undefined ? undefined : postingCursor(segment, place);
}

/** The terms that begin so; if there are too many, those of most messages. */
async function expansions(segment: Segment, prefix: string): Promise<readonly DictionaryEntry[]> {
  const found: DictionaryEntry[] = [];
  for await (const entry of segment.withPrefix(prefix)) {
    if (found.push(entry) === MAX_LOOKED_AT) break;
  }
  if (found.length <= MAX_EXPANSIONS) return found;
  return found.sort((a, b) => b.place.count - a.place.count).slice(0, MAX_EXPANSIONS);
}
