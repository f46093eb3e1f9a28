import type { Random } from '@dimp/core';
import { backOff } from './back-off.ts';

/** A connection that lasted this long was a good one: the next failure counts as the first. */
const GOOD_CONNECTION_MS = 30_000;

/** Options for {@link reconnect}; `R` tells how a connection ended. */
export interface ReconnectOptions<R> {
  /** Connects once, and resolves when the connection has ended. It must not throw. */
  readonly connect: () => Promise<R>;
  /** @returns milliseconds before the next attempt; undefined for none */
  readonly pauseAfter: (ended: R) => number | undefined;
  readonly pause: (delayMs: number, ended: R) => Promise<void>;
  /** Whether no further attempt is wanted. Asked after each connection and each pause. */
  readonly isOver: () => boolean;
}

/** Connects again and again, with the pauses of a policy. */
export async function reconnect<R>(options: ReconnectOptions<R>): Promise<void> {
  const { connect, pauseAfter, pause, isOver } = options;
  while (!isOver()) {
    const ended = await connect();
    if (isOver()) return;
    const delayMs = pauseAfter(ended);
    if (delayMs !== undefined) await pause(delayMs, ended);
  }
}

/** Whether a connection lasted long enough to count as a good one. */
export function isGoodConnection(lastedMs: number): boolean {
  return lastedMs >= GOOD_CONNECTION_MS;
}

/**
 * The usual policy for {@link ReconnectOptions.pauseAfter}: backs off after each round of failures, and tries the other
 * addresses at once before the first one again.
 *
 * @param addresses - how many are tried in turn
 * @returns for how long a connection lasted, the pause in milliseconds; undefined for none
 */
export function reconnectPolicy(
  addresses: number,
  random: Random,
): (lastedMs: number) => number | undefined {
  let failures = 0;
  return (lastedMs) => {
    failures = isGoodConnection(lastedMs) ? 0 : failures + 1;
    if (failures % addresses !== 0) return undefined;
    return backOff(Math.max(failures / addresses, 1), random);
  };
}
