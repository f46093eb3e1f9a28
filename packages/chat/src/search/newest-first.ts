import { compareDocuments, type IndexedDocument } from './documents.ts';

/** A part of an index, asked for the documents that match a query. */
export interface MatchSource {
  /** Greatest stamp that its documents may have. */
  readonly newest: number;
  /** Its matching documents, the newest first. Called when they are needed. */
  matches(): AsyncGenerator<IndexedDocument>;
}

/** Where the merge is in a source. */
interface Position {
  readonly source: MatchSource;
  stream?: AsyncGenerator<IndexedDocument>;
  /** The next document; undefined if it is not read yet. */
  head?: IndexedDocument;
  /** No later document is newer. */
  bound: number;
  done: boolean;
}

/**
 * Merges the matches of all sources, the newest first. A source is not opened before its documents may be next: for a frequent
 * word, the newest segment has all that is asked for. Once a second one is needed, the others are opened at the same time.
 */
export async function* newestFirst(
  sources: readonly MatchSource[],
): AsyncGenerator<IndexedDocument> {
  const positions = sources.map(
    (source): Position => ({ source, bound: source.newest, done: false }),
  );
  let opened = 0;
  for (;;) {
    const left = positions.filter(({ done }) => !done);
    const [first] = left.sort(byBound);
    if (first === undefined) return;
    if (first.head !== undefined) {
      yield first.head;
      delete first.head;
    } else {
      const more = opened > 0 && first.stream === undefined;
      const unopened = more ? left.filter(({ stream }) => stream === undefined) : [first];
      opened += 1;
      await Promise.all(unopened.map(advance));
    }
  }
}

async function advance(position: Position): Promise<void> {
  position.stream ??= position.source.matches();
  const next = await position.stream.next();
  if (next.done === true) position.done = true;
  else {
    position.head = next.value;
    position.bound = next.value.stamp;
  }
}

/** The newest first; of equal stamps, those that are not read yet, because they may be first. */
function byBound(a: Position, b: Position): number {
  if (a.bound !== b.bound) return b.bound - a.bound;
  if (a.head === undefined || b.head === undefined) {
    return (a.head === undefined ? 0 : 1) - (b.head === undefined ? 0 : 1);
  }
  return compareDocuments(b.head, a.head);
}
