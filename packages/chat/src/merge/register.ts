/** How far a clock may be ahead before a time counts as wrong, in milliseconds. */
const MAX_AHEAD_MS = 15 * 60_000;

/** A value that the newest change decides. */
export interface Register<T> {
  /** When it was set, in milliseconds since the epoch; the arrival for a time too far ahead. */
  readonly time: number;
  /** The time that the author has written, if it was too far ahead. */
  readonly said?: number;
  readonly value: T;
}

/** The registers of one author. */
export interface AuthorRegister<T> extends Register<T> {
  /** Entity of the author. */
  readonly by: string;
}

/** A value with its place in the order of changes. A clock that is ahead must not fix a value for ever. */
export function registerOf<T>(
  value: T,
  { time, arrived }: { readonly time: number; readonly arrived: number },
): Register<T> {
  return time > arrived + MAX_AHEAD_MS ? { time: arrived, said: time, value } : { time, value };
}

/**
 * Order of two changes: by time, then by value. Copies of one message have different IDs, so an ID cannot decide: members of a
 * group would see different results.
 */
export function compareRegisters<T>(a: Register<T>, b: Register<T>): number {
  if (a.time !== b.time) return a.time - b.time;
  const [left, right] = [textOf(a), textOf(b)];
  return left === right ? 0 : left < right ? -1 : 1;
}

/** Whether both are the same change, which may have come twice. */
export function isSameChange<T>(a: Register<T>, b: Register<T>): boolean {
  return (a.said ?? a.time) === (b.said ?? b.time) && textOf(a) === textOf(b);
}

/** The later of two changes. Of the same change, the one that arrived first. */
export function later<R extends Register<unknown>>(a: R, b: R): R {
  const order = compareRegisters(a, b);
  if (isSameChange(a, b)) return order <= 0 ? a : b;
  return order >= 0 ? a : b;
}

/** The newest `max` changes, in ascending order. */
export function addToNewest<R extends Register<unknown>>(
  kept: readonly R[],
  added: R,
  max: number,
): readonly R[] {
  const same = kept.find((each) => isSameChange(each, added));
  const others = same === undefined ? kept : kept.filter((each) => each !== same);
  const all = [...others, same === undefined ? added : later(same, added)];
  return all.sort(compareRegisters).slice(-max);
}

/**
 * Sets the register of an author. Of more than `max` authors, those with the newest changes stay.
 *
 * @returns the registers in the order of their authors
 */
export function setAuthorRegister<T>(
  kept: readonly AuthorRegister<T>[],
  added: AuthorRegister<T>,
  max: number,
): readonly AuthorRegister<T>[] {
  const own = kept.find(({ by }) => by === added.by);
  const others = own === undefined ? kept : kept.filter((each) => each !== own);
  const all = [...others, own === undefined ? added : later(own, added)];
  const oldest = all.length > max ? all.reduce(olderOf) : undefined;
  return all.filter((each) => each !== oldest).sort(byAuthor);
}

function olderOf<T>(a: AuthorRegister<T>, b: AuthorRegister<T>): AuthorRegister<T> {
  return (a.time - b.time || byAuthor(a, b)) <= 0 ? a : b;
}

function byAuthor<T>(a: AuthorRegister<T>, b: AuthorRegister<T>): number {
  return a.by < b.by ? -1 : 1;
}

function textOf({ value }: Register<unknown>): string {
  return JSON.stringify(value);
}
