import type { Duplex } from 'node:stream';

/**
 * Bytes by which one chunk may exceed the limit, because it may contain the end of one message and the start of the
 * next.
 */
const CHUNK_BYTES = 64 * 1024;

/**
 * Counts the received bytes of an incomplete message and its fragments. `ws` has one limit for the whole life of a
 * connection, which is that of logged-in users.
 */
export class UnfinishedGuard implements Disposable {
  readonly #connection: Duplex;
  readonly #maxBytes: number;
  #bytes = 0;

  /** @param maxPayloadBytes - the connection is destroyed when it is exceeded by more than one chunk */
  constructor(connection: Duplex, maxPayloadBytes: number) {
    this.#connection = connection;
    this.#maxBytes = maxPayloadBytes + CHUNK_BYTES;
    // Before `ws` parses the chunk: a message that it completes resets the count.
    connection.prependListener('data', this.#count);
  }

  /** Resets the count, because a message is complete. */
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
