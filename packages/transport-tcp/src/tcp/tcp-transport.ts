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
import { MtpDecoder } from '../mtp/decoder.ts';
import { encodeFrame } from '../mtp/encode.ts';
import { FragmentAssembler } from '../mtp/fragments.ts';
import type { MtpFrame } from '../mtp/frame.ts';
import { automaticReply, isAgain, isIdleWord, PING } from '../mtp/reply.ts';
import { ArrivalIDs } from './arrival-ids.ts';
import type { TcpOptions } from './options.ts';
import { PendingSends } from './pending-sends.ts';

import { SocketWriter } from './socket-writer.ts';

/** {@link TcpOptions} with what the connection needs to know. */
export interface TcpTransportOptions extends TcpOptions {
  readonly maxPayloadBytes: number;
}

/** Bytes of garbage after which a peer counts as one that speaks something else. */
const MAX_SKIPPED_BYTES = 64 * 1024;

/** How many of the longest payloads may wait for the rest of their fragments. */
const LONGEST_SETS = 2;

/** Milliseconds after which the kernel asks a silent peer whether it is there. */
const KERNEL_KEEP_ALIVE = 60_000;

/** A payload's last package; undefined for what is not acknowledged. */
type Ticket = MtpFrame | undefined;

/** MTP over a connected socket (spec §12.2–12.4), for either side. */
export class TcpTransport implements Transport, ArrivalSource<Ticket>, Swept {
  readonly #socket: Socket;
  readonly #options: TcpTransportOptions;
  readonly #keepAlive: number | undefined;
  readonly #sweep: Sweep;
  readonly #decoder: MtpDecoder;
  readonly #queue: ArrivalQueue<Ticket>;
  readonly #writer: SocketWriter;
  readonly #pendingSends: PendingSends;
  readonly #arrivalIDs = new ArrivalIDs();
  #assembler: FragmentAssembler | undefined;
  #maxPayloadBytes: number;
  /** Milliseconds: the last whole package, the last PING of ours, the end of patience with a peer that does not close. */
  #aliveAt: number;
  #pingAt = 0;
  #closeBy: number | undefined;
  #finished = false;
  #waitingForEnd: (() => void)[] | undefined;

  /** @param keepAlive - milliseconds of silence after which a PING is sent; undefined for a station (spec §12.4) */
  constructor(socket: OwnedSocket, options: TcpTransportOptions, keepAlive?: number) {
    this.#keepAlive = keepAlive;
    this.#socket = socket;
    this.#options = options;
    this.#sweep = options.sweep ?? new Sweep();
    this.#maxPayloadBytes = options.maxPayloadBytes;
    this.#decoder = new MtpDecoder({
      maxBodyBytes: this.#maxPayloadBytes,
      // Node reads into new memory each time.
      sharesChunks: true,
    });
    this.#queue = new ArrivalQueue(this, this.#sweep.clock, options);
    this.#writer = new SocketWriter(socket, this.#sweep.clock);
    this.#pendingSends = new PendingSends(options.resend);
    this.#aliveAt = this.#sweep.clock.now();
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KERNEL_KEEP_ALIVE);
    socket[OWNER] = this;
    socket.on('data', onData);
    socket.on('drain', onDrain);
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', onClose);
    this.#sweep.add(this);
    if (socket.destroyed) this.finish(socketError(undefined));
  }

  get incoming(): AsyncIterable<Arrival> {
    return this.#queue;
  }

  async send(payload: Uint8Array): Promise<void> {
    if (payload.length > this.#options.maxPayloadBytes)
      throw tooLong(this.#options.maxPayloadBytes);
    if (this.#finished || this.#closeBy !== undefined) throw closed();
    await this.#pendingSends.add(payload, this.#writer);
  }

  limitPayloads(bytes: number | undefined): void {
    this.#maxPayloadBytes = bytes ?? this.#options.maxPayloadBytes;
    this.#decoder.maxBodyBytes = this.#maxPayloadBytes;
    this.#assembler?.setLimits(this.#fragmentLimits());
    this.#writer.maxReplyBytes = bytes;
    this.#queue.setLimits(withBytes(this.#options, bytes));
  }

  async close(): Promise<void> {
    if (this.#finished) return;
    if (this.#closeBy === undefined) {
      this.#closeBy = this.#sweep.clock.now() + (this.#options.closeTimeout ?? 5000);
      this.#queue.end();
      this.#writer.end();
      // Its end has to be seen, and its acknowledgements may still come.
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
    // While we did not listen, the peer was not silent.
    this.#aliveAt = this.#sweep.clock.now();
    this.#socket.resume();
  }

  acknowledged(payload: Uint8Array, ticket: Ticket): void {
    if (ticket === undefined) return;
    this.#arrivalIDs.acknowledged(ticket, payload, this.#sweep.clock.now());
    this.#guard(() => this.#reply(ticket));
  }

  abandoned(payload: Uint8Array, ticket: Ticket): void {
    if (ticket !== undefined) this.#arrivalIDs.abandoned(ticket, payload);
  }

  sweep(now: number): void {
    if (this.#closeBy !== undefined) {
      if (now >= this.#closeBy) this.finish();
      return;
    }
    this.#guard(() => {
      this.#queue.sweep(now);
      this.#arrivalIDs.sweep(now);
      this.#checkLife(now);
      this.#pendingSends.sweep(now, this.#writer);
    });
  }

  /** Bytes from the socket, or those that somebody else has read from it before. */
  receive(chunk: Uint8Array): void {
    if (this.#finished) return;
    this.#guard(() => {
      const frames = this.#decoder.push(chunk);
      if (frames.length > 0) this.#aliveAt = this.#sweep.clock.now();
      for (const frame of frames) this.#receiveFrame(frame);
      if (this.#decoder.failure !== undefined) throw this.#decoder.failure;
      if (this.#decoder.skippedBytes > MAX_SKIPPED_BYTES) {
        throw new ProtocolError('transport/protocol', 'the peer does not speak MTP');
      }
    });
  }

  drained(): void {
    this.#writer.drained();
  }

  /** The peer has closed its half; the socket closes ours behind what is written. */
  peerEnded(): void {
    if (this.#finished) return;
    const cut = this.#decoder.waitingBytes > 0;
    this.#queue.end(cut ? closed() : undefined);
    this.#writer.end();
    this.#closeBy ??= this.#sweep.clock.now() + (this.#options.closeTimeout ?? 5000);
  }

  /**
   * The connection is over.
   *
   * @param error - why it was lost
   */
  finish(error?: ProtocolError): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#sweep.delete(this);
    this.#queue.end(error);
    this.#writer.discard();
    this.#pendingSends.fail(closed(error));
    this.#socket.destroy();
    for (const resolve of this.#waitingForEnd ?? []) resolve();
    this.#waitingForEnd = undefined;
  }

  /** Runs something that may find that the peer breaks the rules. */
  #guard(task: () => void): void {
    try {
      task();
    } catch (error) {
      if (!isProtocolError(error)) throw error;
      this.finish(error);
    }
  }

  #checkLife(now: number): void {
    const { idleTimeout = 128_000 } = this.#options;
    const keepAlive = this.#keepAlive;
    const { blockedSince } = this.#writer;
    if (blockedSince !== undefined && now - blockedSince > idleTimeout) throw dead();
    if (this.#queue.paused) return;
    const silence = now - this.#aliveAt;
    if (silence > idleTimeout + this.#decoder.waitingBytes) throw dead();
    if (keepAlive === undefined || silence < keepAlive || now - this.#pingAt < keepAlive) return;
    this.#pingAt = now;
    const id = this.#pendingSends.nextID();
    this.#writer.reply(encodeFrame({ type: 'command', id, body: PING }));
  }

  #receiveFrame(frame: MtpFrame): void {
    const { body } = frame;
    switch (frame.type) {
      case 'command':
        // An answer to what the application has to keep waits until it has.
        if (isMessages(body)) this.#arrive(frame, body);
        else this.#reply(frame);
        break;
      case 'message':
        if (isIdleWord(body)) this.#reply(frame);
        else this.#arrive(frame, body);
        break;
      case 'fragment':
        this.#receiveFragment(frame);
        break;
      case 'message-response':
        if (isAgain(body)) break;
        this.#pendingSends.complete(frame.id);
        this.#receiveAnswer(body);
        break;
      case 'command-response':
        this.#receiveAnswer(body);
        break;
      default:
    }
  }

  /** A response that brings messages is a way of sending them (spec §12.3). Nothing answers it. */
  #receiveAnswer(body: Uint8Array): void {
    if (isMessages(body) && this.#closeBy === undefined) this.#queue.push(body, undefined);
  }

  #receiveFragment(frame: MtpFrame): void {
    this.#assembler ??= new FragmentAssembler({
      clock: () => this.#sweep.clock.now() / 1000,
      ...this.#fragmentLimits(),
    });
    const payload = this.#assembler.add(frame);
    if (payload !== undefined && payload.length > 0) this.#arrive(frame, payload);
    else if (!this.#arrivalIDs.holds(frame)) this.#reply(frame);
  }

  #fragmentLimits(): { maxBodyBytes: number; maxWaitingBytes: number } {
    const maxBodyBytes = this.#maxPayloadBytes;
    return { maxBodyBytes, maxWaitingBytes: maxBodyBytes * LONGEST_SETS };
  }

  #arrive(frame: MtpFrame, payload: Uint8Array): void {
    if (this.#closeBy !== undefined) return;
    const verdict = this.#arrivalIDs.classify(frame, payload);
    if (verdict === 'deliver') this.#queue.push(payload, frame);
    else if (verdict === 'done') this.#reply(frame);
  }

  #reply(frame: MtpFrame): void {
    const reply = automaticReply(frame);
    if (reply !== undefined) this.#writer.reply(encodeFrame(reply));
  }
}

/** The transport that a socket belongs to: listeners that are shared cost a connection nothing. */
const OWNER: unique symbol = Symbol('transport');

interface OwnedSocket extends Socket {
  [OWNER]?: TcpTransport;
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

function withBytes(limits: ArrivalLimits, bytes: number | undefined): ArrivalLimits {
  return bytes === undefined ? limits : { ...limits, maxArrivalBytes: bytes };
}

function isMessages(body: Uint8Array): boolean {
  return body[0] === 0x7b; // an opening brace (spec §12.3)
}

function closed(cause?: unknown): ProtocolError {
  return new ProtocolError('transport/closed', 'connection is closed', { cause });
}

function dead(): ProtocolError {
  return new ProtocolError('transport/timeout', 'nothing comes from the peer any more');
}

function tooLong(max: number): ProtocolError {
  return new ProtocolError('format/limit', 'payload is longer than allowed', {
    details: { limit: 'bytes', max },
  });
}
