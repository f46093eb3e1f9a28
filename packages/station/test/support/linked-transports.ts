import type { Arrival, Transport } from '@dimp/core';
import { ProtocolError } from '@dimp/foundation';

/** A payload on its way, and who waits for its acknowledgement. */
interface Parcel {
  readonly payload: Uint8Array;
  readonly delivered: () => void;
  readonly lost: (error: unknown) => void;
}

/** Two ends of a connection in memory whose `send` waits for the other side's acknowledgement, as MTP does. */
export function linkedTransports(): readonly [LinkedTransport, LinkedTransport] {
  const left = new LinkedTransport();
  const right = new LinkedTransport();
  left.peer = right;
  right.peer = left;
  return [left, right];
}

/** One end of {@link linkedTransports}. */
export class LinkedTransport implements Transport {
  peer: LinkedTransport | undefined;
  /** Sends that the other side has acknowledged. */
  acknowledged = 0;
  readonly #queue: Parcel[] = [];
  readonly #unanswered = new Set<Parcel>();
  #closed = false;
  #wake: (() => void) | undefined;

  readonly incoming: AsyncIterable<Arrival> = {
    [Symbol.asyncIterator]: () => ({ next: () => this.#next() }),
  };

  get closed(): boolean {
    return this.#closed;
  }

  send(payload: Uint8Array): Promise<void> {
    const { peer } = this;
    if (this.#closed || peer === undefined || peer.#closed) return Promise.reject(gone());
    return new Promise((resolve, reject) => {
      const delivered = (): void => {
        this.acknowledged += 1;
        resolve();
      };
      peer.#queue.push({ payload: payload.slice(), delivered, lost: reject });
      peer.#wake?.();
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#wake?.();
    for (const { lost } of this.#unanswered) lost(gone());
    for (const { lost } of this.#queue) lost(gone());
    await this.peer?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #next(): Promise<IteratorResult<Arrival>> {
    for (;;) {
      const parcel = this.#queue.shift();
      if (parcel !== undefined) {
        this.#unanswered.add(parcel);
        const acknowledge = (): void => {
          if (this.#unanswered.delete(parcel) && !this.#closed) parcel.delivered();
        };
        return { done: false, value: { payload: parcel.payload, acknowledge } };
      }
      if (this.#closed) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function gone(): ProtocolError<'transport/closed'> {
  return new ProtocolError('transport/closed', 'connection is closed');
}
