import type { Socket } from 'node:net';
import type { Clock } from '@dimp/core';
import { ProtocolError } from '@dimp/foundation';
import { ByteQueue } from '../mtp/byte-queue.ts';

/** A payload that is to be written. */
export interface Outgoing {
  readonly bytes: Uint8Array;
  /** Called when it is written to the socket. */
  written(now: number): void;
}

/** Where payloads that are to be written go. */
export interface OutgoingSink {
  push(item: Outgoing): void;
}

/** Most bytes written to the socket at a time: they must be taken within one timeout, and stay in memory until then. */
const PIECE_BYTES = 64 * 1024;

/**
 * Most bytes of waiting answers to a peer that does not read. It exceeds the buffers of the operating system, so that
 * two peers that send at the same time do not wait for each other.
 */
const MAX_REPLY_BYTES = 1024 * 1024;

/**
 * Writes to a socket. Everything from one turn of the event loop is written together, answers before payloads, and
 * nothing is written while the socket is blocked.
 */
export class SocketWriter implements OutgoingSink {
  readonly #socket: Socket;
  readonly #clock: Clock;
  /** Most bytes of waiting answers; {@link MAX_REPLY_BYTES} by default. */
  maxReplyBytes: number | undefined;
  #replies: ByteQueue | undefined;
  #queue: Outgoing[] = NOTHING;
  /** Position in the queue of the next item, and number of its bytes that are written. */
  #next = 0;
  #offset = 0;
  #scheduled = false;
  #blockedSince: number | undefined;
  #ending = false;

  constructor(socket: Socket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
  }

  /** Time in milliseconds when the socket was blocked; undefined while it is not. */
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
   * Writes an answer, if necessary between two pieces of a payload.
   *
   * @throws `format/limit` for a peer that does not read its answers
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

  /** Ends the sending half of the connection after everything that was pushed. */
  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.flush();
  }

  /** The socket is no longer blocked. */
  drained(): void {
    this.#blockedSince = undefined;
    this.flush();
  }

  /** Drops everything that is not written. */
  discard(): void {
    this.#replies = undefined;
    this.#queue = NOTHING;
    this.#next = 0;
    this.#offset = 0;
    this.#ending = true;
  }

  flush(): void {
    this.#scheduled = false;
    // The platform has ended our half after the peer's.
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

  /** Returns the next bytes: the answers, then a piece of one payload, or several small ones. */
  #take(): Uint8Array | undefined {
    const pieces: Uint8Array[] = [];
    let room = PIECE_BYTES;
    // Not in the middle of a package.
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

/** Shared by all idle writers; never modified. */
const NOTHING: Outgoing[] = [];
