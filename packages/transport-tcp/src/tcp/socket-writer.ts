import type { Socket } from 'node:net';
import type { Clock } from '@dimp/core';
import { ProtocolError } from '@dimp/foundation';
import { ByteQueue } from '../mtp/byte-queue.ts';

/** A payload that is to be written. */
export interface Outgoing {
  readonly bytes: Uint8Array;
  /** It is handed to the socket now. */
  written(now: number): void;
}

/** Where payloads that are to be written go. */
export interface OutgoingSink {
  push(item: Outgoing): void;
}

/**
 * Most bytes handed to the socket at a time: what it takes within one limit of time, and what it may hold in memory.
 */
const PIECE_BYTES = 64 * 1024;

/**
 * Most bytes of answers that wait because the peer does not read; more than a system holds messages that are on the
 * way, so that two peers who talk at the same time do not wait for each other.
 */
const MAX_REPLY_BYTES = 1024 * 1024;

/**
 * Writes to a socket: what comes up in one turn of the event loop leaves together, answers before payloads, and nothing
 * is handed over while the socket has not got rid of what it was given.
 */
export class SocketWriter implements OutgoingSink {
  readonly #socket: Socket;
  readonly #clock: Clock;
  /** Most bytes of answers that wait; {@link MAX_REPLY_BYTES} unless told. */
  maxReplyBytes: number | undefined;
  #replies: ByteQueue | undefined;
  #queue: Outgoing[] = NOTHING;
  /** Place in the queue of what is written next, and how much of it is written. */
  #next = 0;
  #offset = 0;
  #scheduled = false;
  #blockedSince: number | undefined;
  #ending = false;

  constructor(socket: Socket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
  }

  /** Milliseconds of the clock when the socket stopped taking anything; undefined while it takes what comes. */
  get blockedSince(): number | undefined {
    return this.#blockedSince;
  }

  push(item: Outgoing): void {
    if (this.#ending) return;
    if (this.#queue === NOTHING) this.#queue = [];
    this.#queue.push(item);
    this.#schedule();
  }

  /**
   * Writes an answer, between two pieces of payloads if need be.
   *
   * @throws `format/limit` for a peer that asks and does not read the answers
   */
  reply(bytes: Uint8Array): void {
    if (this.#ending) return;
    this.#replies ??= new ByteQueue();
    if (this.#replies.length > (this.maxReplyBytes ?? MAX_REPLY_BYTES)) {
      throw new ProtocolError('format/limit', 'the peer does not read its answers');
    }
    this.#replies.append(bytes);
    this.#schedule();
  }

  /** Ends the sending half of the connection behind what was pushed. */
  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.flush();
  }

  /** The socket has got rid of what it was given. */
  drained(): void {
    this.#blockedSince = undefined;
    this.flush();
  }

  /** Forgets what is left. */
  discard(): void {
    this.#replies = undefined;
    this.#queue = NOTHING;
    this.#next = 0;
    this.#offset = 0;
    this.#ending = true;
  }

  flush(): void {
    this.#scheduled = false;
    // Ended by the platform behind the end of the peer's half.
    if (!this.#socket.writable) this.discard();
    while (this.#blockedSince === undefined) {
      const bytes = this.#take();
      if (bytes === undefined) break;
      if (!this.#socket.write(bytes)) this.#blockedSince = this.#clock.now();
    }
    if (this.#next < this.#queue.length || this.#replies !== undefined) return;
    this.#queue = NOTHING;
    this.#next = 0;
    if (this.#ending && !this.#socket.writableEnded) this.#socket.end();
  }

  #schedule(): void {
    if (this.#scheduled || this.#blockedSince !== undefined) return;
    this.#scheduled = true;
    setImmediate(flush, this);
  }

  /** The next bytes: a piece of one payload, or several small ones together, with the answers in front. */
  #take(): Uint8Array | undefined {
    const pieces: Uint8Array[] = [];
    let room = PIECE_BYTES;
    // The middle of a package is no place for another one.
    if (this.#offset === 0 && this.#replies !== undefined) {
      pieces.push(this.#replies.view());
      room -= this.#replies.length;
      this.#replies = undefined;
    }
    while (room > 0) {
      const item = this.#queue[this.#next];
      if (item === undefined) break;
      if (this.#offset === 0) item.written(this.#clock.now());
      const piece = item.bytes.subarray(this.#offset, this.#offset + room);
      pieces.push(piece);
      room -= piece.length;
      this.#offset += piece.length;
      if (this.#offset < item.bytes.length) break;
      this.#next += 1;
      this.#offset = 0;
    }
    const [first] = pieces;
    return pieces.length > 1 ? Buffer.concat(pieces) : first;
  }
}

function flush(writer: SocketWriter): void {
  writer.flush();
}

/** Shared by all writers that have nothing to write; never pushed to. */
const NOTHING: Outgoing[] = [];
