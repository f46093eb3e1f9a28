import type { Arrival } from '@dimp/core';

/** The acknowledgement of a payload, sent when everything that it brought is on the disk. */
export class PayloadAck {
  readonly #arrival: Pick<Arrival, 'acknowledge'>;
  readonly #onEnd: () => void;
  /** Number of holders; the reader of the payload is the first. */
  #holders = 1;
  #failed = false;

  /** @param onEnd - called when the last holder has settled */
  constructor(arrival: Pick<Arrival, 'acknowledge'>, onEnd: () => void) {
    this.#arrival = arrival;
    this.#onEnd = onEnd;
  }

  /** Adds a holder: a part of the payload is being stored. */
  hold(): void {
    this.#holders += 1;
  }

  /** Removes a holder. After an error the payload is not acknowledged, and the peer sends it again. */
  readonly settle = (error?: unknown): void => {
    if (error !== undefined) this.#failed = true;
    this.#holders -= 1;
    if (this.#holders > 0) return;
    if (!this.#failed) this.#arrival.acknowledge();
    this.#onEnd();
  };

  /** Withholds the acknowledgement, so that the peer sends the payload again. */
  refuse(): void {
    this.#failed = true;
  }
}
