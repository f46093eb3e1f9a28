import type { Arrival } from '@dimp/core';

/** A payload whose messages are being taken in: acknowledged when all that came of it is on the disk. */
export class PayloadAck {
  readonly #arrival: Pick<Arrival, 'acknowledge'>;
  readonly #onEnd: () => void;
  /** The reader itself is the first who holds it. */
  #holders = 1;
  #failed = false;

  /** @param onEnd - called when nothing more comes of it */
  constructor(arrival: Pick<Arrival, 'acknowledge'>, onEnd: () => void) {
    this.#arrival = arrival;
    this.#onEnd = onEnd;
  }

  /** Something of it is on its way to the disk. */
  hold(): void {
    this.#holders += 1;
  }

  /** What was held is on the disk, or the error says why not: then the peer has to send it all again. */
  readonly settle = (error?: unknown): void => {
    if (error !== undefined) this.#failed = true;
    this.#holders -= 1;
    if (this.#holders > 0) return;
    if (!this.#failed) this.#arrival.acknowledge();
    this.#onEnd();
  };

  /** The peer has to send it again. */
  refuse(): void {
    this.#failed = true;
  }
}
