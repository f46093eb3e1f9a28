import { sleep, systemTimers } from '@dimp/core';

/** Milliseconds of work after which other work runs. */
const SLICE_MS = 8;

/** Divides long work into slices, so that a user interface stays smooth. */
export class Slices {
  readonly #pause: () => Promise<void>;
  #since = performance.now();

  /** @param pause - lets other work run */
  constructor(pause: () => Promise<void> = letOthersRun) {
    this.#pause = pause;
  }

  /** Lets other work run if the slice is over. Call it between small steps. */
  check(): Promise<void> | undefined {
    return performance.now() - this.#since < SLICE_MS ? undefined : this.#next();
  }

  async #next(): Promise<void> {
    await this.#pause();
    this.#since = performance.now();
  }
}

function letOthersRun(): Promise<void> {
  return sleep(0, systemTimers);
}
