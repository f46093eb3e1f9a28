import type { PostingPlace } from './postings.ts';
import type { Segment } from './segment.ts';

/** Goes through the numbers of a term from the newest to the oldest. */
export interface Cursor {
  /** How many numbers there are at most. */
  readonly count: number;
  /** The greatest number that is at most this one; undefined if there is none. Arguments never grow. */
  seek(most: number): Promise<number | undefined>;
}

/** A cursor over ascending numbers in memory. */
export function arrayCursor(numbers: readonly number[]): Cursor {
  return {
    count: numbers.length,
    async seek(most) {
      return atMost(numbers, most);
    },
  };
}

/** A cursor over a stored list, which reads the blocks that are needed, the newest first. */
export function postingCursor(segment: Segment, place: PostingPlace): Cursor {
  if (place.only !== undefined) return arrayCursor([place.only]);
  let at = place.blocks;
  let numbers: readonly number[] = [];
  return {
    count: place.count,
    async seek(most) {
      while ((numbers[0] ?? Number.POSITIVE_INFINITY) > most) {
        if (at === 0) return undefined;
        at -= 1;
        numbers = await segment.numbers(place, at);
      }
      return atMost(numbers, most);
    },
  };
}

/** A cursor over the numbers that any of the others has. */
export function unionCursor(cursors: readonly Cursor[]): Cursor {
  return {
    count: cursors.reduce((sum, { count }) => sum + count, 0),
    async seek(most) {
      let greatest: number | undefined;
      for (const cursor of cursors) {
        const found = await cursor.seek(most);
        if (found !== undefined && found > (greatest ?? -1)) greatest = found;
        if (greatest === most) break;
      }
      return greatest;
    },
  };
}

/** The numbers that all cursors have, from the newest to the oldest, each at most `most`. */
export async function* intersection(
  cursors: readonly Cursor[],
  most: number,
): AsyncGenerator<number> {
  // The shortest list first: it rules out the most.
  const ordered = [...cursors].sort((a, b) => a.count - b.count);
  let candidate = most;
  for (;;) {
    const found = await commonAtMost(ordered, candidate);
    if (found === undefined) return;
    yield found;
    candidate = found - 1;
  }
}

/** The greatest number, at most `most`, that all cursors have. Each that does not have a candidate lowers it. */
async function commonAtMost(cursors: readonly Cursor[], most: number): Promise<number | undefined> {
  let candidate = most;
  for (let agreed = 0, at = 0; agreed < cursors.length; at = (at + 1) % cursors.length) {
    const found = await (cursors[at] as Cursor).seek(candidate);
    if (found === undefined) return undefined;
    agreed = found === candidate ? agreed + 1 : 1;
    candidate = found;
  }
  return candidate;
}

/** The greatest of ascending numbers that is at most `most`. */
function atMost(numbers: readonly number[], most: number): number | undefined {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] as number) <= most) low = middle + 1;
    else high = middle;
  }
  return numbers[low - 1];
}
