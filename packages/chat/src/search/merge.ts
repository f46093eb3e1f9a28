import type { Store, StoreChange } from '@dimp/core';
import type { DictionaryEntry } from './dictionary.ts';
import { compareDocuments, type IndexedDocument } from './documents.ts';
import { type Segment, type SegmentHead, SegmentWriter, unfinishedKey } from './segment.ts';
import type { Slices } from './slices.ts';

/** Numbers between two looks at the clock. */
const NUMBERS_BETWEEN = 4096;

/** How segments are merged. */
export interface MergeOptions {
  readonly id: string;
  /** Whether a document is deleted; it is left out, with its words. */
  readonly deleted: (segment: string, number: number) => boolean;
  readonly slices: Slices;
}

/** A merged segment that is written but not yet in use. */
export interface MergedSegment {
  /** Undefined if all documents were deleted. */
  readonly head: SegmentHead | undefined;
  /** Changes that put it in the place of the others, for one batch. */
  readonly changes: readonly StoreChange[];
}

/**
 * Makes one segment of several, in slices. Blocks of the new one are written along the way. They belong to no segment until the
 * caller writes the returned changes, so an interrupted merge changes nothing.
 */
export async function mergeSegments(
  store: Store,
  segments: readonly Segment[],
  { id, deleted, slices }: MergeOptions,
): Promise<MergedSegment> {
  const unfinished = unfinishedKey(id);
  await store.set(unfinished, new Uint8Array());
  const writer = new SegmentWriter(id);
  const write = async (): Promise<void> => {
    const blocks = writer.takeBlocks();
    if (blocks.length > 0) await store.batch(blocks);
    await slices.check();
  };
  const inputs = segments.map((segment): Input => {
    const { count } = segment.head;
    return { segment, renumbered: new Int32Array(count).fill(-1) };
  });
  let kept = 0;
  for await (const [input, number, document] of mergedDocuments(inputs)) {
    if (deleted(input.segment.head.id, number)) continue;
    input.renumbered[number] = writer.addDocument(document);
    kept += 1;
    if (kept % NUMBERS_BETWEEN === 0) await write();
  }
  const removal: StoreChange[] = [
    ...segments.flatMap((segment) => segment.removal()),
    { type: 'delete', key: unfinished },
  ];
  if (kept === 0) return { head: undefined, changes: removal };
  let terms = 0;
  for await (const [term, lists] of mergedTerms(inputs)) {
    const numbers = await mergedNumbers(lists, slices);
    if (numbers.length > 0) await writer.addTerm([term, numbers], slices);
    terms += 1;
    if (terms % 64 === 0) await write();
  }
  await write();
  const { changes, head } = writer.finish();
  return { head, changes: [...changes, ...removal] };
}

interface Input {
  readonly segment: Segment;
  /** New number of each document; −1 for those that are left out. */
  readonly renumbered: Int32Array;
}

/** A list of an input. */
interface InputList {
  readonly input: Input;
  readonly entry: DictionaryEntry;
}

/** All documents in ascending order. */
async function* mergedDocuments(
  inputs: readonly Input[],
): AsyncGenerator<readonly [input: Input, number: number, document: IndexedDocument]> {
  const streams = inputs.map(({ segment }) => numbered(segment));
  yield* mergeStreams(
    streams,
    ([, a], [, b]) => compareDocuments(a, b),
    (at, [number, document]) => [inputs[at] as Input, number, document] as const,
  );
}

async function* numbered(
  segment: Segment,
): AsyncGenerator<readonly [number: number, document: IndexedDocument]> {
  let number = 0;
  for (const block of segment.head.firstStamps.keys()) {
    for (const document of await segment.documents(block)) {
      yield [number, document];
      number += 1;
    }
  }
}

/** All terms in ascending order, each with the lists of all inputs that have it. */
async function* mergedTerms(
  inputs: readonly Input[],
): AsyncGenerator<readonly [term: string, lists: readonly InputList[]]> {
  const streams = inputs.map(({ segment }) => segment.entries());
  const ordered = mergeStreams(
    streams,
    (a, b) => (a.term === b.term ? 0 : a.term < b.term ? -1 : 1),
    (at, entry): InputList => ({ input: inputs[at] as Input, entry }),
  );
  let lists: InputList[] = [];
  for await (const list of ordered) {
    const [first] = lists;
    if (first !== undefined && first.entry.term !== list.entry.term) {
      yield [first.entry.term, lists];
      lists = [];
    }
    lists.push(list);
  }
  const [first] = lists;
  if (first !== undefined) yield [first.entry.term, lists];
}

/** Merges ordered streams into one. */
async function* mergeStreams<T, R>(
  streams: readonly AsyncGenerator<T>[],
  compare: (a: T, b: T) => number,
  result: (at: number, value: T) => R,
): AsyncGenerator<R> {
  const heads = await Promise.all(streams.map((stream) => stream.next()));
  for (;;) {
    let least = -1;
    for (const [at, head] of heads.entries()) {
      if (head.done === true) continue;
      const best = heads[least];
      if (best === undefined || best.done === true || compare(head.value, best.value) < 0)
        least = at;
    }
    const head = heads[least];
    if (head === undefined || head.done === true) return;
    yield result(least, head.value);
    heads[least] = await (streams[least] as AsyncGenerator<T>).next();
  }
}

/** The new numbers of several lists in ascending order. */
async function mergedNumbers(
  lists: readonly InputList[],
  slices: Slices,
): Promise<readonly number[]> {
  let merged: readonly number[] = [];
  for (const { input, entry } of lists) {
    const { place } = entry;
    const numbers: number[] = [];
    const renumber = (number: number): void => {
      const renumbered = input.renumbered[number] as number;
      if (renumbered >= 0) numbers.push(renumbered);
    };
    if (place.only !== undefined) renumber(place.only);
    for (let at = 0; at < place.blocks; at++) {
      for (const number of await input.segment.numbers(place, at)) renumber(number);
      await slices.check();
    }
    merged = await inOrder(merged, numbers, slices);
  }
  return merged;
}

/** Merges two ascending lists. Segments follow each other in time mostly, and then one list follows the other. */
async function inOrder(
  a: readonly number[],
  b: readonly number[],
  slices: Slices,
): Promise<readonly number[]> {
  const [firstA = 0, lastA = -1] = [a[0], a.at(-1)];
  const [firstB = 0, lastB = -1] = [b[0], b.at(-1)];
  if (a.length === 0 || b.length === 0 || lastA < firstB) return a.concat(b);
  if (lastB < firstA) return b.concat(a);
  const merged: number[] = [];
  let [atA, atB] = [0, 0];
  while (atA < a.length || atB < b.length) {
    const [nextA = Number.POSITIVE_INFINITY, nextB = Number.POSITIVE_INFINITY] = [a[atA], b[atB]];
    if (nextA < nextB) atA += 1;
    else atB += 1;
    merged.push(Math.min(nextA, nextB));
    if (merged.length % NUMBERS_BETWEEN === 0) await slices.check();
  }
  return merged;
}
