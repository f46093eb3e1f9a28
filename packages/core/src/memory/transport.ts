import { asyncDisposeSymbol, ProtocolError } from '@dimp/foundation';
import type { Arrival, Transport } from '../ports/transport.ts';

/** Options of {@link memoryTransportPair}. */
export interface MemoryTransportOptions {
  /** Maximum payload of each end in bytes; unlimited by default. */
  readonly maxPayloadBytes?: number | readonly [left: number, right: number];
  /** Whether `send` waits for {@link Arrival.acknowledge}. Otherwise it waits until the other end has received the payload. */
  readonly acknowledges?: boolean;
}

/** One end of a connection in memory. */
export interface MemoryTransport extends Transport {
  /** Breaks the connection without closing it. */
  lose(): void;
}

/** Creates the two ends of a connection in memory. */
export function memoryTransportPair(
  options: MemoryTransportOptions = {},
): readonly [MemoryTransport, MemoryTransport] {
  const { maxPayloadBytes = Number.POSITIVE_INFINITY, acknowledges = false } = options;
  const limits =
    typeof maxPayloadBytes === 'number' ? [maxPayloadBytes, maxPayloadBytes] : maxPayloadBytes;
  const [leftLimit = 0, rightLimit = 0] = limits;
  const left = new End(leftLimit, acknowledges);
  const right = new End(rightLimit, acknowledges);
  left.connect(right);
  right.connect(left);
  return [left, right];
}

/** Maximum number and bytes of payloads that wait to be read. Further ones do not count as sent. */
const MAX_WAITING = 64;
const MAX_WAITING_BYTES = 1024 * 1024;

/** A payload in flight, with the promise of its sender. */
class Packet implements Arrival {
  readonly payload: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: ProtocolError) => void;
  readonly acknowledge: () => void;
  taken = false;

  constructor(
    payload: Uint8Array,
    acknowledges: boolean,
    resolve: () => void,
    reject: (error: ProtocolError) => void,
  ) {
    this.payload = payload;
    this.resolve = resolve;
    this.reject = reject;
    this.acknowledge = acknowledges ? resolve : () => undefined;
  }
}

class End implements MemoryTransport {
  readonly #maxPayloadBytes: number;
  readonly #acknowledges: boolean;
  /** Payloads that arrived and were not read. */
  readonly #queue: Packet[] = [];
  /** Payloads that were sent and not settled. */
  readonly #sent = new Set<Packet>();
  #takenCount = 0;
  #takenBytes = 0;
  #peer: End | undefined;
  #closed = false;
  #error: ProtocolError | undefined;
  #wake: (() => void) | undefined;

  readonly incoming: AsyncIterable<Arrival> = {
    [Symbol.asyncIterator]: () => ({ next: () => this.#next() }),
  };

  constructor(maxPayloadBytes: number, acknowledges: boolean) {
    this.#maxPayloadBytes = maxPayloadBytes;
    this.#acknowledges = acknowledges;
  }

  connect(peer: End): void {
    this.#peer = peer;
  }

  async send(payload: Uint8Array): Promise<void> {
    if (payload.length > this.#maxPayloadBytes) throw tooLong(this.#maxPayloadBytes);
    const peer = this.#peer;
    if (this.#closed || peer === undefined) throw closed();
    // An empty payload holds no message (spec §12.3).
    if (payload.length === 0) return;
    await new Promise<void>((resolve, reject) => {
      const settle = (): void => {
        this.#sent.delete(packet);
        resolve();
      };
      const packet = new Packet(payload.slice(), this.#acknowledges, settle, reject);
      this.#sent.add(packet);
      peer.receive(packet);
    });
  }

  async close(): Promise<void> {
    this.end();
    this.#peer?.end();
  }

  lose(): void {
    this.end(closed());
    this.#peer?.end(closed());
  }

  async [asyncDisposeSymbol](): Promise<void> {
    await this.close();
  }

  /** Called by the other end. */
  receive(packet: Packet): void {
    if (packet.payload.length > this.#maxPayloadBytes) {
      this.end(tooLong(this.#maxPayloadBytes));
      this.#peer?.end(closed());
      return;
    }
    this.#queue.push(packet);
    this.#take();
    this.#wake?.();
  }

  /** Accepts payloads while there is room. */
  #take(): void {
    for (const packet of this.#queue.slice(this.#takenCount)) {
      if (this.#takenCount >= MAX_WAITING || this.#takenBytes >= MAX_WAITING_BYTES) return;
      packet.taken = true;
      this.#takenCount += 1;
      this.#takenBytes += packet.payload.length;
      if (!this.#acknowledges) packet.resolve();
    }
  }

  /** Called by the other end. */
  end(error?: ProtocolError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#error = error;
    this.#wake?.();
    for (const packet of this.#sent) packet.reject(closed());
    this.#sent.clear();
  }

  async #next(): Promise<IteratorResult<Arrival>> {
    for (;;) {
      const packet = this.#queue.shift();
      if (packet !== undefined) {
        if (packet.taken) {
          this.#takenCount -= 1;
          this.#takenBytes -= packet.payload.length;
        }
        this.#take();
        return { done: false, value: packet };
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#closed) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function closed(): ProtocolError {
  return new ProtocolError('transport/closed', 'connection is closed');
}

function tooLong(max: number): ProtocolError {
  return new ProtocolError('format/limit', 'payload is longer than allowed', {
    details: { limit: 'bytes', max },
  });
}
