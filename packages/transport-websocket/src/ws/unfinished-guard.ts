import type { Duplex } from 'node:stream';

/** What one chunk of the network may bring beyond the limit: it may hold the end of one message and some of the next. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Counts what has come of a message, or of its many fragments, before it is complete: `ws` has one limit for the whole life of a
 * connection, which is that of users who have logged in.
 */
export class UnfinishedGuard implements Disposable {
  readonly #connection: Duplex;
  readonly #maxBytes: number;
  #bytes = 0;

  /** @param maxPayloadBytes - with one chunk more than this, the connection is dropped */
  constructor(connection: Duplex, maxPayloadBytes: number) {
    this.#connection = connection;
    this.#maxBytes = maxPayloadBytes + CHUNK_BYTES;
    // Before `ws` takes the chunk apart: a message that it completes sets the count back.
    connection.prependListener('data', this.#count);
  }

  /** Something is complete. */
  completed(): void {
    this.#bytes = 0;
  }

  [Symbol.dispose](): void {
    this.#connection.off('data', this.#count);
  }

  readonly #count = (chunk: Uint8Array): void => {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) this.#connection.destroy();
  };
}
