import type { Timers } from '@dimp/core';
import { disposeSymbol, isProtocolError } from '@dimp/foundation';
import type { Live } from '../live/live.ts';
import { diff } from './diff.ts';
import { packError } from './errors.ts';
import type { ToUser } from './messages.ts';

/** Shortest time between two snapshots of one live value: that of a frame. */
const FRAME_MS = 16;

/** What {@link ServedWatch} needs of its port. */
export interface WatchPort {
  readonly timers: Timers;
  post(message: ToUser): void;
  /** The watch has ended by itself. */
  ended(n: number): void;
}

/**
 * Sends a live value to the other side: the first snapshot whole, then patches. The next one waits until the one before was seen,
 * so a slow reader skips those in between.
 */
export class ServedWatch {
  readonly #n: number;
  readonly #live: Live<unknown>;
  readonly #port: WatchPort;
  readonly #leave: () => void;
  /** What the other side has; undefined if it has nothing. */
  #sent: { readonly value: unknown } | undefined;
  #unseen = false;
  #frame: Disposable | undefined;
  #changed = false;
  #stopped = false;

  constructor(n: number, live: Live<unknown>, port: WatchPort) {
    this.#n = n;
    this.#live = live;
    this.#port = port;
    this.#leave = live.subscribe(() => this.update());
    live.ready.then(
      () => this.update(),
      (error: unknown) => this.#noSnapshot(error),
    );
  }

  /** Looks at the present snapshot, which may be undefined again because the store was locked. */
  update(): void {
    this.#changed = true;
    this.#flush();
  }

  /** The other side has taken in what was sent. */
  seen(): void {
    this.#unseen = false;
    this.#flush();
  }

  /** Whether this live value is watched. */
  shows(live: object): boolean {
    return this.#live === live;
  }

  /** Sends the present snapshot now, before an answer that the other side takes for later than it. */
  hurry(): void {
    this.#unseen = false;
    this.#frame?.[disposeSymbol]();
    this.#frame = undefined;
    this.update();
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#frame?.[disposeSymbol]();
    this.#leave();
  }

  #flush(): void {
    if (!this.#changed || this.#unseen || this.#frame !== undefined || this.#stopped) return;
    this.#changed = false;
    const value = this.#live.current;
    if (value === undefined && this.#sent === undefined) return;
    if (!this.#send(value)) return;
    this.#unseen = true;
    this.#frame = this.#port.timers.after(FRAME_MS, () => {
      this.#frame = undefined;
      this.#flush();
    });
  }

  /** @returns whether there was something to send */
  #send(value: unknown): boolean {
    const n = this.#n;
    const base = this.#sent?.value;
    this.#sent = { value };
    try {
      if (base === undefined || value === undefined) {
        if (base === value) return false;
        this.#port.post({ t: 'value', n, value });
        return true;
      }
      const patch = diff(base, value);
      if (patch === undefined) return false;
      this.#port.post({ t: 'patch', n, patch });
      return true;
    } catch (error) {
      // A value that cannot be cloned.
      this.#fail(error);
      return false;
    }
  }

  /** A locked store may be unlocked: then the value is subscribed still. */
  #noSnapshot(error: unknown): void {
    if (!isProtocolError(error, 'state/locked')) this.#fail(error);
    else if (!this.#stopped && this.#sent === undefined) {
      this.#port.post({ t: 'value', n: this.#n, value: undefined });
    }
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.stop();
    this.#port.post({ t: 'no', n: this.#n, error: packError(error) });
    this.#port.ended(this.#n);
  }
}
