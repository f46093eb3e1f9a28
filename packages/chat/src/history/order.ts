/** Longest time by which the clock of a peer can move a message back, in milliseconds: 8 days. */
const MAX_BACK_MS = 8 * 86_400_000;
/** Digits of a stamp. */
const DIGITS = 13;
/** Greatest stamp, in the year 2286. */
const MAX_STAMP = 10 ** DIGITS - 1;

/** What the place of a received message follows from. */
export interface StampFacts {
  /** When the author says that it was written, in milliseconds since the epoch. */
  readonly time: number;
  /** Milliseconds since the epoch. */
  readonly arrived: number;
  /** Stamp of the message that it follows, by its author. */
  readonly after?: number | undefined;
}

/**
 * Place of a received message in its conversation, in milliseconds: its time, but never in the future, never more than 8 days
 * before its arrival, and behind the message that it follows.
 */
export function stampOf({ time, arrived, after = -1 }: StampFacts): number {
  const bounded = Math.min(Math.max(time, arrived - MAX_BACK_MS), arrived);
  return toStamp(Math.max(bounded, after + 1));
}

/** Makes a stamp of any time. */
export function toStamp(time: number): number {
  return Math.min(Math.max(Math.floor(time), 0), MAX_STAMP);
}

/** Name of a message in its conversation. Names sort in the order of the conversation. */
export function orderKey({ stamp, ref }: { readonly stamp: number; readonly ref: string }): string {
  return `${String(stamp).padStart(DIGITS, '0')}-${ref.slice(0, 8)}`;
}

/** The least key of a time, in milliseconds since the epoch. */
export function firstKeyAt(time: number): string {
  return orderKey({ stamp: toStamp(time), ref: '' });
}
