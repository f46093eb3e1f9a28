import type { DeletionMarks } from './marks.ts';
import type { Segment } from './segment.ts';

/** Segments of about one size that become one. */
const FAN_IN = 8;
/** Most documents of a segment. */
const MAX_SEGMENT = 524_288;
/** Part of deleted documents above which a segment is written again. */
const MAX_DELETED = 0.05;
/** How long words of deleted messages may stay, in milliseconds: a day. */
const PURGE_AFTER_MS = 86_400_000;

/**
 * The segments that are to become one next; none if there is nothing to do.
 *
 * Of a size class with eight segments, these and all smaller ones. A class holds eight times the documents of the one below, so a
 * document is merged a few times only, however small the flushes are.
 */
export function chooseSegments(
  segments: readonly Segment[],
  marks: DeletionMarks,
  now: number,
): readonly Segment[] {
  for (let size = 0; size <= sizeClass(MAX_SEGMENT); size++) {
    const equal = segments.filter((segment) => sizeOf(segment) === size);
    if (equal.length < FAN_IN) continue;
    const smaller = segments.filter((segment) => sizeOf(segment) <= size);
    const together = asManyAsFit(smaller);
    if (together.length >= FAN_IN) return together;
  }
  const toPurge = segments.find(({ head: { id, count } }) => {
    const since = marks.since(id);
    return (
      marks.count(id) > count * MAX_DELETED || (since !== undefined && now - since > PURGE_AFTER_MS)
    );
  });
  return toPurge === undefined ? [] : [toPurge];
}

/** The smallest ones that do not make too large a segment. */
function asManyAsFit(segments: readonly Segment[]): readonly Segment[] {
  const ordered = [...segments].sort((a, b) => a.head.count - b.head.count);
  let documents = 0;
  const first = ordered.findIndex(({ head }) => {
    documents += head.count;
    return documents > MAX_SEGMENT;
  });
  return first < 0 ? ordered : ordered.slice(0, first);
}

function sizeOf({ head }: Segment): number {
  return sizeClass(head.count);
}

function sizeClass(documents: number): number {
  return Math.floor(Math.log2(documents) / Math.log2(FAN_IN));
}
