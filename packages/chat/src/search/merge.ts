import type { Store } from '@dimp/core';
import { Segment, SegmentWriter, type TermNumbers } from './segment.ts';

/** Milliseconds of work after which a merge lets other work run. */
const SLICE_MS = 8;
/** Terms between two looks at the clock. */
const TERMS_BETWEEN = 64;

/** How segments are merged. */
export interface MergeOptions {
  readonly id: string;
  /** Whether a message is deleted; its numbers are left out. */
  readonly deleted: (number: number) => boolean;
  /** Lets other work run. */
  readonly pause: () => Promise<void>;
}

/**
 * Makes one segment of several whose numbers follow each other. The blocks of the new one are written along the way; a single
 * batch at the end puts it in the place of the others, so an interrupted merge changes nothing.
 *
 * @param segments - the oldest messages first
 */
export async function mergeSegments(
  store: Store,
  segments: readonly Segment[],
  { id, deleted, pause }: MergeOptions,
): Promise<Segment> {
  const [from, to] = [segments[0]?.head.from ?? 0, segments.at(-1)?.head.to ?? 0];
  const writer = new SegmentWriter({ id, from, to });
  let since = performance.now();
  let terms = 0;
  for await (const [term, numbers] of mergedTerms(segments)) {
    const kept = numbers.filter((number) => !deleted(number));
    if (kept.length > 0) writer.add([term, kept]);
    terms += 1;
    if (terms % TERMS_BETWEEN !== 0) continue;
    const blocks = writer.takeBlocks();
    if (blocks.length > 0) await store.batch(blocks);
    if (performance.now() - since < SLICE_MS) continue;
    await pause();
    since = performance.now();
  }
  const { changes, head } = writer.finish();
  await store.batch([...changes, ...segments.flatMap((segment) => segment.removal())]);
  return new Segment(store, head);
}

/** The terms of all segments in ascending order, each with the numbers of all of them. */
async function* mergedTerms(segments: readonly Segment[]): AsyncGenerator<TermNumbers> {
  const streams = segments.map((segment) => segment.terms());
  const heads = await Promise.all(streams.map((stream) => stream.next()));
  for (;;) {
    let least: string | undefined;
    for (const head of heads) {
      if (head.done !== true && (least === undefined || head.value[0] < least))
        [least] = head.value;
    }
    if (least === undefined) return;
    const numbers: number[] = [];
    for (const [at, stream] of streams.entries()) {
      const head = heads[at] as IteratorResult<TermNumbers>;
      if (head.done === true || head.value[0] !== least) continue;
      for (const number of head.value[1]) numbers.push(number);
      heads[at] = await stream.next();
    }
    yield [least, numbers];
  }
}
