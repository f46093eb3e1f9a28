import type { Arrival, Transport } from '@dimp/core';
import { ArrivalQueue, type ArrivalSource, Sweep, type Swept } from '@dimp/core/transport';
import { onAsyncDispose, ProtocolError, utf8Decode } from '@dimp/foundation';
import type { Channel, ChannelEvents, CloseCode } from './channel.ts';
import { type Confirmation, PendingSend } from './confirmation.ts';
import { kindOf, PING, PONG } from './control-frames.ts';
import type { WebSocketOptions } from './options.ts';

/** {@link WebSocketOptions} with the longest accepted payload, in bytes. */
export interface WebSocketTransportOptions extends WebSocketOptions {
  readonly maxPayloadBytes: number;
}

/** The differences between the two sides. */
export interface Side {
  /** Milliseconds of silence after which `PING` is sent; undefined for a side that sends none. */
  readonly keepAlive: number | undefined;
  /** The code with which it closes a connection. */
  readonly closeCode: CloseCode;
}

/**
 * Factor by which a peer may exceed the limits of unread payloads before the connection is ended, because browsers
 * cannot stop reading.
 */
const OVERRUN = 16;

/** Bytes waiting for the network, beyond which `PING` is not answered: a frame takes more memory than its bytes. */
const PONG_ROOM = 16 * 1024;

/** A transport over an open WebSocket (spec §12.6), for either side. */
export class WebSocketTransport
  implements Transport, ArrivalSource<undefined>, Swept, ChannelEvents
{
  readonly #channel: Channel;
  readonly #confirmation: Confirmation;
  readonly #options: WebSocketTransportOptions;
  readonly #side: Side;
  readonly #sweep: Sweep;
  readonly #queue: ArrivalQueue<undefined>;
  #maxArriving: number;
  /** Payloads that wait until the network has accepted others. */
  #waiting: PendingSend[] = NOTHING;
  #slowSince: number | undefined;
  /**
   * Times in milliseconds: the last sign of life, the last sent `PING`, and when a peer that does not close is given
   * up.
   */
  #heardAt: number;
  #pingAt = 0;
  #closeBy: number | undefined;
  #finished = false;
  #waitingForEnd: (() => void)[] | undefined;

  constructor(
    channel: Channel,
    confirmation: Confirmation,
    options: WebSocketTransportOptions,
    side: Side,
  ) {
    this.#side = side;
    this.#channel = channel;
    this.#confirmation = confirmation;
    this.#options = options;
    this.#sweep = options.sweep ?? new Sweep();
    this.#queue = new ArrivalQueue(this, this.#sweep.clock, options);
    this.#maxArriving = options.maxPayloadBytes;
    this.#heardAt = this.#sweep.clock.now();
    channel.events = this;
    this.#sweep.add(this);
  }

  get incoming(): AsyncIterable<Arrival> {
    return this.#queue;
  }

  async send(payload: Uint8Array): Promise<void> {
    const { maxPayloadBytes } = this.#options;
    if (payload.length > maxPayloadBytes) throw tooLong(maxPayloadBytes);
    // The peer would close the connection because of invalid UTF-8.
    utf8Decode(payload);
    if (this.#finished || this.#closeBy !== undefined) throw closed();
    await new Promise<void>((resolve, reject) => {
      const pendingSend = new PendingSend(new Uint8Array(payload), resolve, reject);
      if (this.#waiting.length === 0 && !this.#isSlow()) this.#handOver(pendingSend);
      else this.#wait(pendingSend);
    });
  }

  limitPayloads(bytes: number | undefined): void {
    const limits =
      bytes === undefined ? this.#options : { ...this.#options, maxArrivalBytes: bytes };
    this.#maxArriving = bytes ?? this.#options.maxPayloadBytes;
    this.#queue.setLimits(limits);
    this.#channel.limitUnfinished?.(bytes);
  }

  async close(): Promise<void> {
    if (this.#finished) return;
    if (this.#closeBy === undefined) {
      this.#closeBy = this.#sweep.clock.now() + (this.#options.closeTimeout ?? 5000);
      this.#queue.end();
      // The end of the peer has to be seen, and its acknowledgements may still arrive.
      this.#channel.resume();
      this.#flush();
    }
    await this.ended();
  }

  /** @returns when the connection is over */
  async ended(): Promise<void> {
    if (this.#finished) return;
    await new Promise<void>((resolve) => {
      this.#waitingForEnd ??= [];
      this.#waitingForEnd.push(resolve);
    });
  }

  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  static {
    onAsyncDispose(WebSocketTransport, (transport) => transport.close());
  }

  pause(): void {
    this.#channel.pause();
  }

  resume(): void {
    // The peer was not silent while nothing was read.
    this.#heardAt = this.#sweep.clock.now();
    this.#channel.resume();
  }

  acknowledged(payload: Uint8Array): void {
    // The peer sends, but does not read its acknowledgements.
    if (this.#channel.bufferedBytes > this.#maxBuffered * 2) this.#drop();
    else this.#confirmation.acknowledged(payload);
  }

  /** WebSocket peers do not repeat payloads, so nothing has to be remembered. */
  abandoned(): void {}

  sweep(now: number): void {
    if (this.#closeBy !== undefined) {
      if (now >= this.#closeBy) this.#finish();
      return;
    }
    this.#queue.sweep(now);
    this.#confirmation.sweep(now, this.#heardAt);
    if (this.#isSlow()) this.#slowSince ??= now;
    else this.#slowSince = undefined;
    if (this.#isDead(now)) this.#drop();
    else this.#keepAlive(now);
  }

  opened(): void {}

  received(payload: Uint8Array): void {
    if (this.#finished) return;
    this.#heardAt = this.#sweep.clock.now();
    switch (kindOf(payload)) {
      case 'ping':
        // Not if the peer does not read.
        if (this.#channel.bufferedBytes < PONG_ROOM) this.#channel.send(PONG);
        break;
      case 'ack':
        this.#confirmation.ackReceived(payload);
        break;
      case 'pong':
        this.#confirmation.answered();
        break;
      case 'payload':
        this.#arrive(payload);
        break;
      default:
    }
  }

  alive(pong?: Uint8Array): void {
    this.#heardAt = this.#sweep.clock.now();
    if (pong !== undefined) this.#confirmation.pongReceived(pong);
  }

  closed(error?: ProtocolError): void {
    // The platform destroys the connection itself, after telling the peer why, if it can.
    if (this.#finished) return;
    if (error === undefined && this.#closeBy !== undefined) this.#confirmation.closed();
    this.#end(error);
  }

  #isDead(now: number): boolean {
    const { idleTimeout = 128_000, slowTimeout = 60_000 } = this.#options;
    if (this.#slowSince !== undefined && now - this.#slowSince >= slowTimeout) return true;
    return !this.#queue.paused && now - this.#heardAt > idleTimeout;
  }

  #keepAlive(now: number): void {
    const { keepAlive } = this.#side;
    if (keepAlive === undefined || this.#queue.paused) return;
    if (now - Math.max(this.#heardAt, this.#pingAt) < keepAlive) return;
    this.#pingAt = now;
    this.#channel.send(PING);
    this.#confirmation.pinged(now);
  }

  #arrive(payload: Uint8Array): void {
    if (this.#closeBy !== undefined) return;
    const { maxPayloadBytes, maxArrivals = 64, maxArrivalBytes = 1024 * 1024 } = this.#options;
    if (payload.length > this.#maxArriving) {
      this.#fail(tooLong(this.#maxArriving), 1009);
      return;
    }
    this.#queue.push(payload, undefined);
    const { size, bytes } = this.#queue;
    if (size > maxArrivals * OVERRUN || bytes > maxArrivalBytes * OVERRUN + maxPayloadBytes) {
      this.#fail(tooLong(maxArrivalBytes * OVERRUN), 1013);
    }
  }

  #isSlow(): boolean {
    return this.#channel.bufferedBytes > this.#maxBuffered;
  }

  get #maxBuffered(): number {
    return this.#options.maxBufferedBytes ?? 4 * 1024 * 1024;
  }

  #wait(pendingSend: PendingSend): void {
    if (this.#waiting === NOTHING) this.#waiting = [];
    this.#waiting.push(pendingSend);
    this.#slowSince ??= this.#sweep.clock.now();
  }

  #handOver(pendingSend: PendingSend): void {
    this.#confirmation.sent(pendingSend, this.#sweep.clock.now());
    this.#channel.send(pendingSend.payload, () => {
      if (this.#finished) return;
      this.#confirmation.written(pendingSend);
      this.#flush();
    });
  }

  #flush(): void {
    let next = 0;
    for (; next < this.#waiting.length && !this.#isSlow(); next++) {
      const pendingSend = this.#waiting[next];
      if (pendingSend !== undefined) this.#handOver(pendingSend);
    }
    if (next > 0) this.#waiting.splice(0, next);
    if (!this.#isSlow()) this.#slowSince = undefined;
    if (this.#waiting.length > 0) return;
    this.#waiting = NOTHING;
    if (this.#closeBy !== undefined) this.#channel.close(this.#side.closeCode);
  }

  /** Ends a connection whose peer is silent or does not read. */
  #drop(): void {
    this.#finish(new ProtocolError('transport/timeout', 'the peer is silent or does not read'));
  }

  /** Ends a connection whose peer violates the protocol. */
  #fail(error: ProtocolError, code: CloseCode): void {
    this.#end(error);
    // The answer of the peer to the close frame has to be read.
    this.#channel.resume();
    this.#channel.close(code);
  }

  #finish(error?: ProtocolError): void {
    if (this.#finished) return;
    this.#end(error);
    this.#channel.terminate();
  }

  #end(error?: ProtocolError): void {
    this.#finished = true;
    this.#sweep.delete(this);
    this.#queue.end(error);
    const reason = closed(error);
    const waiting = this.#waiting;
    this.#waiting = NOTHING;
    this.#confirmation.fail(reason);
    for (const pendingSend of waiting) pendingSend.reject(reason);
    for (const resolve of this.#waitingForEnd ?? []) resolve();
    this.#waitingForEnd = undefined;
  }
}

/** Shared by all transports without waiting payloads; never modified. */
const NOTHING: PendingSend[] = [];

function closed(cause?: unknown): ProtocolError {
  return new ProtocolError('transport/closed', 'the connection is closed', { cause });
}

function tooLong(max: number): ProtocolError {
  return new ProtocolError('format/limit', `a payload must be at most ${max} bytes`, {
    details: { limit: 'bytes', max },
  });
}
