import { ProtocolError } from '@dimp/foundation';
import { encodeFrame } from '../mtp/encode.ts';
import { TransactionIds } from '../mtp/transaction-ids.ts';
import { idKey } from './id-key.ts';
import type { Outgoing, OutgoingSink } from './socket-writer.ts';

/** Options for resending payloads (spec §12.3). */
export interface ResendOptions {
  /** How often a payload is sent in all; 3 by default. */
  readonly attempts?: number;
  /** Milliseconds to wait for each acknowledgement; 120,000 by default. */
  readonly interval?: number;
}

/** A payload that is not acknowledged yet. */
class PendingSend implements Outgoing {
  readonly bytes: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: ProtocolError) => void;
  attempts = 0;
  /** Time of the last attempt, in milliseconds; undefined while it waits for the socket. */
  writtenAt: number | undefined;

  constructor(bytes: Uint8Array, resolve: () => void, reject: (error: ProtocolError) => void) {
    this.bytes = bytes;
    this.resolve = resolve;
    this.reject = reject;
  }

  written(now: number): void {
    this.attempts += 1;
    this.writtenAt = now;
  }
}

/** The payloads that the peer has not acknowledged, in the order of their last attempt. */
export class PendingSends {
  readonly #attempts: number;
  readonly #interval: number;
  /** Both are created when first needed, because most connections of a server are idle. */
  #ids: TransactionIds | undefined;
  #pending: Map<string, PendingSend> | undefined;

  constructor({ attempts = 3, interval = 120_000 }: ResendOptions = {}) {
    if (!(attempts >= 1)) throw new RangeError('attempts must be at least 1');
    this.#attempts = attempts;
    this.#interval = interval;
  }

  /** Returns a transaction id that no other package of this side has. */
  nextID(): Uint8Array {
    this.#ids ??= new TransactionIds();
    return this.#ids.next();
  }

  /**
   * Sends a payload, which is copied.
   *
   * @returns when it is acknowledged
   */
  add(payload: Uint8Array, sink: OutgoingSink): Promise<void> {
    const id = this.nextID();
    const bytes = encodeFrame({ type: 'message', id, body: payload });
    return new Promise((resolve, reject) => {
      const pendingSend = new PendingSend(bytes, resolve, reject);
      this.#pending ??= new Map();
      this.#pending.set(idKey(id), pendingSend);
      sink.push(pendingSend);
    });
  }

  /** Completes an acknowledged payload. Repeated acknowledgements are ignored. */
  complete(id: Uint8Array): void {
    const key = idKey(id);
    const pendingSend = this.#pending?.get(key);
    // A payload that was never written cannot be acknowledged.
    if (pendingSend === undefined || pendingSend.attempts === 0) return;
    this.#delete(key);
    pendingSend.resolve();
  }

  /** Resends payloads whose wait has ended, and rejects those without attempts left. */
  sweep(now: number, sink: OutgoingSink): void {
    if (this.#pending === undefined) return;
    for (const [key, pendingSend] of this.#pending) {
      // The others were written later, or wait for the socket behind this one.
      if (pendingSend.writtenAt === undefined || now - pendingSend.writtenAt < this.#interval)
        return;
      this.#pending.delete(key);
      if (pendingSend.attempts >= this.#attempts) {
        pendingSend.reject(new ProtocolError('transport/timeout', 'the peer does not acknowledge'));
      } else {
        pendingSend.writtenAt = undefined;
        this.#pending.set(key, pendingSend);
        sink.push(pendingSend);
      }
    }
    if (this.#pending.size === 0) this.#pending = undefined;
  }

  /** Rejects all payloads when the connection is over. */
  fail(error: ProtocolError): void {
    const pending = this.#pending;
    this.#pending = undefined;
    for (const pendingSend of pending?.values() ?? []) pendingSend.reject(error);
  }

  #delete(key: string): void {
    this.#pending?.delete(key);
    if (this.#pending?.size === 0) this.#pending = undefined;
  }
}
