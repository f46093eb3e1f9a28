import type { Timers } from '@dimp/core';
import { disposeSymbol } from '@dimp/foundation';

/** How often a sign of life is sent if there is nothing else to send. */
const BEAT_MS = 2000;
/** How often silence is measured. */
const TICK_MS = 1000;

/** Options for {@link startHeartbeat}. */
export interface HeartbeatOptions {
  readonly timers: Timers;
  /** Sends a sign of life. */
  readonly beat: () => void;
  /** What is done after how much silence of the other side, in ascending order. */
  readonly limits: readonly { readonly afterMs: number; readonly reached: () => void }[];
}

/** Sends signs of life and measures the silence of the other side. */
export interface Heartbeat {
  /** Something was sent. */
  sent(): void;
  /** Something has arrived. */
  heard(): void;
  stop(): void;
}

/**
 * Starts a heartbeat. Silence is counted in ticks of a timer, not by a clock: a computer that has slept, or a page whose timers
 * are slowed down, has heard nothing for a long time without anything being wrong.
 */
export function startHeartbeat({ timers, beat, limits }: HeartbeatOptions): Heartbeat {
  let sinceSent = 0;
  let silent = 0;
  let stopped = false;
  let timer: Disposable;
  const tick = (): void => {
    if (stopped) return;
    timer = timers.after(TICK_MS, tick);
    sinceSent += TICK_MS;
    silent += TICK_MS;
    if (sinceSent >= BEAT_MS) beat();
    for (const { afterMs, reached } of limits) {
      if (silent >= afterMs && silent - TICK_MS < afterMs && !stopped) reached();
    }
  };
  timer = timers.after(TICK_MS, tick);
  return {
    sent: () => {
      sinceSent = 0;
    },
    heard: () => {
      silent = 0;
    },
    stop: () => {
      stopped = true;
      timer[disposeSymbol]();
    },
  };
}
