import type { Socket } from 'node:net';
import type { Arrival, Transport } from '@dimp/core';
import {
  type ArrivalLimits,
  ArrivalQueue,
  type ArrivalSource,
  Sweep,
  type Swept,
  socketError,
} from '@dimp/core/transport';
import { isProtocolError, ProtocolError } from '@dimp/foundation';

/** Options for every transport over a socket. */
export interface SocketOptions extends ArrivalLimits {
  /** Longest payload accepted, in bytes; checked before memory is taken. */
  readonly maxPayloadBytes: number;
  /** Milliseconds without a sign of life after which the peer counts as dead; 128,000 by default (spec §12.4). */
  readonly idleTimeout?: number;
  /** Milliseconds that {@link Transport.close} waits for the peer to take what is left; 5,000 by default. */
  readonly closeTimeout?: number;
  /** The timer; a server shares one among all connections. */
  readonly sweep?: Sweep;
}

const IDLE_TIMEOUT_MS = 128_000;
const CLOSE_TIMEOUT_MS = 5000;

/**
 * A transport over a connected socket. The events of the socket, pausing, closing, and the time limits for silence,
 * blocked writes and slow closing are here; a subclass adds the framing. Its constructor ends with {@link
 * SocketTransport.start}.
 */
export abstract class SocketTransport<Ticket> implements Transport, ArrivalSource<Ticket>, Swept {
  protected readonly socket: Socket;
  protected readonly timer: Sweep;
  protected readonly queue: ArrivalQueue<Ticket>;
  protected readonly maxPayloadBytes: number;
  readonly #options: SocketOptions;
  /** When the peer last gave a sign of life, and when a peer that does not close is given up, in milliseconds. */
  #aliveAt: number;
  #closeBy: number | undefined;
  #finished = false;
  #onEnd: (() => void)[] | undefined;

  protected constructor(socket: OwnedSocket, options: SocketOptions) {
    this.socket = socket;
    this.timer = options.sweep ?? new Sweep();
    this.queue = new ArrivalQueue(this, this.timer.clock, options);
    this.maxPayloadBytes = options.maxPayloadBytes;
    this.#options = options;
    this.#aliveAt = this.timer.clock.now();
  }

  get incoming(): AsyncIterable<Arrival> {
    return this.queue;
  }

  abstract send(payload: Uint8Array): Promise<void>;

  limitPayloads(bytes: number | undefined): void {
    const limits =
      bytes === undefined ? this.#options : { ...this.#options, maxArrivalBytes: bytes };
    this.queue.setLimits(limits);
  }

  async close(): Promise<void> {
    if (this.#finished) return;
    if (this.#closeBy === undefined) {
      this.#startClosing();
      this.queue.end();
      // The end of the peer has to be seen, and its acknowledgements may still come.
      this.socket.resume();
    }
    await new Promise<void>((resolve) => {
      this.#onEnd ??= [];
      this.#onEnd.push(resolve);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    // The peer was not silent while we did not listen.
    this.#aliveAt = this.timer.clock.now();
    this.socket.resume();
  }

  abstract acknowledged(payload: Uint8Array, ticket: Ticket): void;

  abstract abandoned(payload: Uint8Array, ticket: Ticket): void;

  sweep(now: number): void {
    if (this.#closeBy !== undefined) {
      if (now >= this.#closeBy) this.finish();
      return;
    }
    this.guard(() => {
      this.queue.sweep(now);
      this.#checkLife(now);
      this.checkTimeouts(now);
    });
  }

  /** Bytes from the socket, or bytes that were read from it before the transport was made. */
  receive(chunk: Uint8Array): void {
    if (this.#finished) return;
    this.guard(() => this.decode(chunk));
  }

  /** The socket has written everything that it was given. */
  abstract drained(): void;

  /** The peer has closed its half of the connection; ours is closed behind what is still to be written. */
  peerEnded(): void {
    if (this.#finished) return;
    this.queue.end(this.partialBytes > 0 ? closed() : undefined);
    this.#startClosing();
  }

  /**
   * Ends the connection at once.
   *
   * @param error - why it was lost
   */
  finish(error?: ProtocolError): void {
    if (this.#finished) return;
    this.#finished = true;
    this.timer.delete(this);
    this.queue.end(error);
    this.release(closed(error));
    this.socket.destroy();
    for (const resolve of this.#onEnd ?? []) resolve();
    this.#onEnd = undefined;
  }

  /**
   * Starts to listen to the socket.
   *
   * @param head - bytes that were already read from it
   */
  protected start(head?: Uint8Array): void {
    const socket: OwnedSocket = this.socket;
    socket[OWNER] = this;
    socket.on('data', onData);
    socket.on('drain', onDrain);
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', onClose);
    this.timer.add(this);
    if (socket.destroyed) this.finish(socketError(undefined));
    else if (head !== undefined) this.receive(head);
  }

  /** Whether the connection is neither over nor closing. */
  protected get isOpen(): boolean {
    return !this.#finished && this.#closeBy === undefined;
  }

  /** Milliseconds since the last sign of life. */
  protected silence(now: number): number {
    return now - this.#aliveAt;
  }

  /** The peer has given a sign of life. */
  protected heard(): void {
    this.#aliveAt = this.timer.clock.now();
  }

  /** Runs a task that throws when the peer breaks the rules; the connection ends then. */
  protected guard(task: () => void): void {
    try {
      task();
    } catch (error) {
      if (!isProtocolError(error)) throw error;
      this.finish(error);
    }
  }

  /** @throws `transport/closed` if nothing can be sent any more, `format/limit` for a payload that is too long */
  protected checkSend(payload: Uint8Array): void {
    if (payload.length > this.maxPayloadBytes) throw tooLong(this.maxPayloadBytes);
    if (!this.isOpen) throw closed();
  }

  /** Decodes bytes from the peer, and puts its payloads into the queue. */
  protected abstract decode(chunk: Uint8Array): void;

  /** Bytes of an incomplete payload. */
  protected abstract get partialBytes(): number;

  /** When the socket stopped taking bytes, in milliseconds; undefined while it takes them. */
  protected abstract get blockedSince(): number | undefined;

  /** Milliseconds by which the time limit for silence is longer, for a payload that is arriving slowly. */
  protected get grace(): number {
    return 0;
  }

  /** Time limits of the framing. */
  protected checkTimeouts(_now: number): void {}

  /** Closes our half of the connection behind what is still to be written. */
  protected abstract endWriting(): void;

  /** The connection is over: rejects what the peer has not acknowledged. */
  protected abstract release(error: ProtocolError): void;

  #startClosing(): void {
    this.#closeBy ??= this.timer.clock.now() + (this.#options.closeTimeout ?? CLOSE_TIMEOUT_MS);
    this.endWriting();
  }

  #checkLife(now: number): void {
    const { idleTimeout = IDLE_TIMEOUT_MS } = this.#options;
    const { blockedSince } = this;
    if (blockedSince !== undefined && now - blockedSince > idleTimeout) throw dead();
    if (!this.queue.paused && this.silence(now) > idleTimeout + this.grace) throw dead();
  }
}

/** The transport of a socket. With it, listeners are shared: they take no memory for each connection. */
const OWNER: unique symbol = Symbol('transport');

/** A socket that belongs to a transport. */
export interface OwnedSocket extends Socket {
  [OWNER]?: Pick<SocketTransport<unknown>, 'receive' | 'drained' | 'peerEnded' | 'finish'>;
}

function onData(this: OwnedSocket, chunk: Uint8Array): void {
  this[OWNER]?.receive(chunk);
}

function onDrain(this: OwnedSocket): void {
  this[OWNER]?.drained();
}

function onEnd(this: OwnedSocket): void {
  this[OWNER]?.peerEnded();
}

function onError(this: OwnedSocket, error: Error): void {
  this[OWNER]?.finish(socketError(error));
}

function onClose(this: OwnedSocket): void {
  this[OWNER]?.finish(closed());
}

/** The error of what is sent over a connection that is over. */
export function closed(cause?: unknown): ProtocolError {
  return new ProtocolError('transport/closed', 'the connection is closed', { cause });
}

function dead(): ProtocolError {
  return new ProtocolError('transport/timeout', 'the peer is silent or does not read');
}

function tooLong(max: number): ProtocolError {
  return new ProtocolError('format/limit', `a payload must be at most ${max} bytes`, {
    details: { limit: 'bytes', max },
  });
}
