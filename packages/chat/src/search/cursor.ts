import { isThenable, type MaybePromise } from '@dimp/foundation';
import type { PostingPlace } from './postings.ts';
import type { Segment } from './segment.ts';

/** Goes through the numbers of a term from the newest to the oldest. */
export interface Cursor {
  /** How many numbers there are at most. */
  readonly count: number;
  /**
   * The greatest number that is at most this one; undefined if there is none. Arguments never grow. Returns a promise only if a
   * block has to be read: most calls need none, and there are many.
   */
  seek(most: number): MaybePromise<number | undefined>;
}

/** A cursor over ascending numbers in memory. */
export function arrayCursor(numbers: readonly number[]): Cursor {
  return {
    count: numbers.length,
    seek: (most) => atMost(numbers, most),
  };
}

/** A cursor over a stored list, which reads the blocks that are needed, the newest first. */
export function postingCursor(segment: Segment, place: PostingPlace): Cursor {
  if (place.only !== undefined) return arrayCursor([place.only]);
  let at = place.blocks;
  let numbers: readonly number[] = [];
  const seekInBlocks = async (most: number): Promise<number | undefined> => {
    while ((numbers[0] ?? Number.POSITIVE_INFINITY) > most) {
      if (at === 0) return undefined;
      at -= 1;
      numbers = await segment.numbers(place, at);
    }
    return atMost(numbers, most);
  };
  return {
    count: place.count,
    seek(most) {
      const first = numbers[0];
      if (first !== undefined && first <= most) return atMost(numbers, most);
      return at === 0 ? undefined : seekInBlocks(most);
    },
  };
}

/** A cursor over the numbers that any of the others has. */
export function unionCursor(cursors: readonly Cursor[]): Cursor {
  // What each has found last. It stays right until less is asked for.
  const last = cursors.map((): number | undefined => Number.POSITIVE_INFINITY);
  return {
    count: cursors.reduce((sum, { count }) => sum + count, 0),
    seek(most) {
      const waiting: Promise<void>[] = [];
      for (const [at, cursor] of cursors.entries()) {
        if ((last[at] ?? -1) <= most) continue;
        const found = cursor.seek(most);
        if (!isThenable(found)) last[at] = found;
        else {
          waiting.push(
            Promise.resolve(found).then((number) => {
              last[at] = number;
            }),
          );
        }
      }
      return waiting.length === 0
        ? greatest(last)
        : Promise.all(waiting).then(() => greatest(last));
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
    const sought = (cursors[at] as Cursor).seek(candidate);
    const found = isThenable(sought) ? await sought : sought;
    if (found === undefined) return undefined;
    agreed = found === candidate ? agreed + 1 : 1;
    candidate = found;
  }
  return candidate;
}

function greatest(numbers: readonly (number | undefined)[]): number | undefined {
  let result = -1;
  for (const number of numbers) if (number !== undefined && number > result) result = number;
  return result < 0 ? undefined : result;
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
