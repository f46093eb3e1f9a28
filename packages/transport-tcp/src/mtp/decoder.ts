import { ProtocolError } from '@dimp/foundation';
import { ByteQueue } from './byte-queue.ts';
import { MAX_BODY_BYTES, type MtpFrame } from './frame.ts';
import { findMagic, type MtpHead, readHead } from './head.ts';

/** Options for {@link MtpDecoder}. */
export interface MtpDecoderOptions {
  /** Longest accepted body, in bytes; 2 MiB by default, at most 2^30. */
  readonly maxBodyBytes?: number;
  /**
   * Whether bodies may share memory with the chunk, which then must not be reused. Fragments, and bodies from long
   * chunks, are always copied, so that a short body does not keep a long chunk in memory.
   *
   * @default false
   */
  readonly sharesChunks?: boolean;
}

/** Longest buffer that a body may keep in memory. */
const MAX_SHARED_BYTES = 16 * 1024;

/** Twice the longest message (spec §14.7 no. 7), because a payload may contain several. */
const DEFAULT_MAX_BODY_BYTES = 2 * 1024 * 1024;

/**
 * Decodes the bytes of one TCP connection into packages (spec §12.3).
 *
 * Bytes that are not a head are skipped up to the next head. The cost is linear in the bytes received, and memory is
 * taken for bytes that have arrived, never for a length that was only announced.
 *
 * Two heads end the connection: one whose length is above the limit (`format/limit`) and one without length, which is
 * for datagrams (`transport/protocol`; spec §12.2). The decoder cannot be used after that.
 *
 * @example
 * ```ts
 * const decoder = new MtpDecoder();
 * socket.on('data', (chunk) => {
 *   try {
 *     for (const frame of decoder.push(chunk)) handle(frame);
 *     if (decoder.failure !== undefined) throw decoder.failure;
 *   } catch {
 *     socket.destroy();
 *   }
 * });
 * ```
 */
export class MtpDecoder {
  #maxBodyBytes: number;
  readonly #sharesChunks: boolean;
  readonly #waiting = new ByteQueue();
  #skipped = 0;
  #failure: ProtocolError | undefined;

  constructor(options: MtpDecoderOptions = {}) {
    const { maxBodyBytes = DEFAULT_MAX_BODY_BYTES, sharesChunks = false } = options;
    this.#maxBodyBytes = checkedLimit(maxBodyBytes);
    this.#sharesChunks = sharesChunks;
  }

  /**
   * Changes the longest accepted body, in bytes, for packages whose heads have not arrived yet.
   *
   * @throws `RangeError` for an invalid limit
   */
  set maxBodyBytes(bytes: number) {
    this.#maxBodyBytes = checkedLimit(bytes);
  }

  /** The fatal error, after which the connection has to be closed. */
  get failure(): ProtocolError | undefined {
    return this.#failure;
  }

  /** Number of skipped bytes; a peer that sends many does not speak MTP. */
  get skippedBytes(): number {
    return this.#skipped;
  }

  /** Number of bytes of an incomplete package. */
  get waitingBytes(): number {
    return this.#waiting.length;
  }

  /**
   * Takes the next bytes of the stream and returns the packages they complete. The chunk may be reused afterwards,
   * unless {@link MtpDecoderOptions.sharesChunks}: bodies are copies.
   *
   * If a fatal head follows complete packages in the same chunk, these are returned, {@link failure} is set, and the
   * next call throws. So the result does not depend on how TCP has split the stream.
   *
   * @throws `format/limit` for a length above the limit, `transport/protocol` for a head without length; on every later
   *   call again.
   */
  push(chunk: Uint8Array): MtpFrame[] {
    if (this.#failure !== undefined) throw this.#failure;
    const frames: MtpFrame[] = [];
    if (this.#waiting.length === 0) {
      const shared = this.#sharesChunks && chunk.buffer.byteLength <= MAX_SHARED_BYTES;
      const used = this.#decode(chunk, frames, shared);
      if (used < chunk.length) this.#waiting.append(chunk.subarray(used));
    } else {
      this.#waiting.append(chunk);
      this.#waiting.discard(this.#decode(this.#waiting.view(), frames, false));
    }
    if (this.#failure !== undefined) {
      this.#waiting.clear();
      if (frames.length === 0) throw this.#failure;
    }
    return frames;
  }

  /** Decodes the complete packages, and returns the number of used bytes. */
  #decode(bytes: Uint8Array, frames: MtpFrame[], shared: boolean): number {
    let position = 0;
    while (position < bytes.length) {
      const head = readHead(bytes, position, bytes.length);
      if (head === 'partial') break;
      if (head === 'none') {
        const next = findMagic(bytes, position + 1);
        this.#skipped += next - position;
        position = next;
        continue;
      }
      const length = this.#checkLength(head);
      if (length === undefined) return bytes.length;
      const bodyStart = position + head.size;
      if (bytes.length - bodyStart < length) break;
      position = bodyStart + length;
      frames.push(toFrame(head, bytes, bodyStart, position, shared));
    }
    return position;
  }

  #checkLength(head: MtpHead): number | undefined {
    if (head.bodyLength === undefined) {
      this.#failure = new ProtocolError(
        'transport/protocol',
        'an MTP head on a stream must contain a length',
      );
      return undefined;
    }
    if (head.bodyLength > this.#maxBodyBytes) {
      this.#failure = new ProtocolError(
        'format/limit',
        `an MTP body must be at most ${this.#maxBodyBytes} bytes`,
        {
          details: { limit: 'bytes', max: this.#maxBodyBytes },
        },
      );
      return undefined;
    }
    return head.bodyLength;
  }
}

function checkedLimit(bytes: number): number {
  if (Number.isInteger(bytes) && bytes >= 1 && bytes <= MAX_BODY_BYTES) return bytes;
  throw new RangeError('maxBodyBytes must be a whole number from 1 to 2^30');
}

function toFrame(
  head: MtpHead,
  bytes: Uint8Array,
  from: number,
  to: number,
  shared: boolean,
): MtpFrame {
  const { type, id, pages, index } = head;
  const part = shared && type !== 'fragment';
  return { type, id, pages, index, body: from === to ? EMPTY : bodyOf(bytes, from, to, part) };
}

function bodyOf(bytes: Uint8Array, from: number, to: number, shared: boolean): Uint8Array {
  // Never `slice` or `subarray` of a chunk, which may be a Buffer of Node: the result must be a Uint8Array.
  return shared
    ? new Uint8Array(bytes.buffer, bytes.byteOffset + from, to - from)
    : new Uint8Array(bytes.subarray(from, to));
}

/** Shared, because a hostile stream may contain an empty package every 8 bytes. */
const EMPTY: Uint8Array = /* @__PURE__ */ new Uint8Array(0);
