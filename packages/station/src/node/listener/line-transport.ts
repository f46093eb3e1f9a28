import type { Socket } from 'node:net';
import type { Arrival, Transport } from '@dimp/core';
import {
  type ArrivalLimits,
  ArrivalQueue,
  type ArrivalSource,
  type Sweep,
  type Swept,
  socketError,
} from '@dimp/core/transport';
import { isProtocolError, ProtocolError } from '@dimp/foundation';
import { LineSplitter } from './line-splitter.ts';

/** What {@link LineTransport} has to be told. */
export interface LineOptions extends ArrivalLimits {
  /** Longest line accepted, in bytes; checked before memory is taken. */
  readonly maxPayloadBytes: number;
  /** Bytes that were read from the socket already. */
  readonly head: Uint8Array;
  readonly sweep: Sweep;
  /** Milliseconds without a byte, or without taking one, after which the peer counts as dead. */
  readonly idleTimeout: number;
}

/** Milliseconds that closing waits for the peer to take what is left. */
const CLOSE_TIMEOUT = 5000;

/**
 * JSON messages with a line feed behind each, as clients of 0.8 speak it (spec §12.1). Empty lines are their heartbeats and are
 * not answered. The framing knows no acknowledgements: what was handed to the network counts as delivered.
 */
export class LineTransport implements Transport, ArrivalSource<undefined>, Swept {
  readonly #socket: OwnedSocket;
  readonly #options: LineOptions;
  readonly #queue: ArrivalQueue<undefined>;
  readonly #splitter: LineSplitter;
  #aliveAt: number;
  #blockedAt: number | undefined;
  #closeBy: number | undefined;
  #finished = false;
  #waitingForEnd: (() => void)[] | undefined;

  constructor(socket: OwnedSocket, options: LineOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#queue = new ArrivalQueue(this, options.sweep.clock, options);
    this.#splitter = new LineSplitter(options.maxPayloadBytes);
    this.#aliveAt = options.sweep.clock.now();
    socket[OWNER] = this;
    socket.on('data', onData);
    socket.on('drain', onDrain);
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', onClose);
    options.sweep.add(this);
    if (socket.destroyed) this.finish(closed());
    else this.receive(options.head);
  }

  get incoming(): AsyncIterable<Arrival> {
    return this.#queue;
  }

  send(payload: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const { maxPayloadBytes, sweep } = this.#options;
      if (payload.length > maxPayloadBytes) return reject(tooLong(maxPayloadBytes));
      if (this.#finished || this.#closeBy !== undefined) return reject(closed());
      const line = Buffer.allocUnsafe(payload.length + 1);
      line.set(payload);
      line[payload.length] = 10;
      const taken = this.#socket.write(line, (error) => {
        if (error) reject(closed(error));
        else resolve();
      });
      if (!taken) this.#blockedAt ??= sweep.clock.now();
    });
  }

  limitPayloads(bytes: number | undefined): void {
    const limits =
      bytes === undefined ? this.#options : { ...this.#options, maxArrivalBytes: bytes };
    this.#splitter.maxBytes = bytes ?? this.#options.maxPayloadBytes;
    this.#queue.setLimits(limits);
  }

  async close(): Promise<void> {
    if (this.#finished) return;
    if (this.#closeBy === undefined) {
      this.#closeSoon();
      this.#queue.end();
      this.#socket.resume();
    }
    await new Promise<void>((resolve) => {
      this.#waitingForEnd ??= [];
      this.#waitingForEnd.push(resolve);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#aliveAt = this.#options.sweep.clock.now();
    this.#socket.resume();
  }

  /** Nobody waits for it. */
  acknowledged(): void {}

  abandoned(): void {}

  sweep(now: number): void {
    this.#queue.sweep(now);
    if (this.#closeBy !== undefined) {
      if (now >= this.#closeBy) this.finish();
      return;
    }
    const { idleTimeout } = this.#options;
    const blocked = this.#blockedAt !== undefined && now - this.#blockedAt > idleTimeout;
    const silent = !this.#queue.paused && now - this.#aliveAt > idleTimeout;
    if (blocked || silent) {
      this.finish(new ProtocolError('transport/timeout', 'nothing comes from the peer any more'));
    }
  }

  receive(chunk: Uint8Array): void {
    if (this.#finished || this.#closeBy !== undefined) return;
    this.#aliveAt = this.#options.sweep.clock.now();
    try {
      for (const line of this.#splitter.push(chunk)) this.#queue.push(line, undefined);
    } catch (error) {
      if (!isProtocolError(error)) throw error;
      this.finish(error);
    }
  }

  drained(): void {
    this.#blockedAt = undefined;
  }

  /** The peer has closed its half. */
  peerEnded(): void {
    if (this.#finished) return;
    this.#queue.end(this.#splitter.waitingBytes > 0 ? closed() : undefined);
    this.#closeSoon();
  }

  /** @param error - why the connection was lost */
  finish(error?: ProtocolError): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#options.sweep.delete(this);
    this.#queue.end(error);
    this.#socket.destroy();
    for (const resolve of this.#waitingForEnd ?? []) resolve();
    this.#waitingForEnd = undefined;
  }

  #closeSoon(): void {
    this.#closeBy ??= this.#options.sweep.clock.now() + CLOSE_TIMEOUT;
    this.#socket.end();
  }
}

/** The transport that a socket belongs to: listeners that are shared cost a connection nothing. */
const OWNER: unique symbol = Symbol('transport');

interface OwnedSocket extends Socket {
  [OWNER]?: LineTransport;
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

function closed(cause?: unknown): ProtocolError {
  return new ProtocolError('transport/closed', 'connection is closed', { cause });
}

function tooLong(max: number): ProtocolError {
  return new ProtocolError('format/limit', 'payload is longer than allowed', {
    details: { limit: 'bytes', max },
  });
}
