import { ProtocolError } from '@dimp/foundation';
import type { Arrival, Transport } from '../ports/transport.ts';

/** Two ends of a connection in memory: what one sends, the other receives, in order. */
export function memoryTransportPair(): readonly [Transport, Transport] {
  const left = new MemoryTransport();
  const right = new MemoryTransport();
  left.connect(right);
  right.connect(left);
  return [left, right];
}

class MemoryTransport implements Transport {
  readonly #queue: Uint8Array[] = [];
  #peer: MemoryTransport | undefined;
  #closed = false;
  #wake: (() => void) | undefined;

  readonly incoming: AsyncIterable<Arrival> = {
    [Symbol.asyncIterator]: () => ({ next: () => this.#next() }),
  };

  connect(peer: MemoryTransport): void {
    this.#peer = peer;
  }

  async send(payload: Uint8Array): Promise<void> {
    if (this.#closed || this.#peer === undefined || this.#peer.#closed) {
      throw new ProtocolError('transport/closed', 'connection is closed');
    }
    this.#peer.#receive(payload.slice());
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#wake?.();
    await this.#peer?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #receive(payload: Uint8Array): void {
    this.#queue.push(payload);
    this.#wake?.();
  }

  async #next(): Promise<IteratorResult<Arrival>> {
    for (;;) {
      const payload = this.#queue.shift();
      // Memory loses nothing, so nobody waits for an acknowledgement.
      if (payload !== undefined) return { done: false, value: { payload, acknowledge() {} } };
      if (this.#closed) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
