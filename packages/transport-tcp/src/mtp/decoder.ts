import { ProtocolError } from '@dimp/foundation';
import { ByteQueue } from './byte-queue.ts';
import { MAX_BODY_BYTES, type MtpFrame } from './frame.ts';
import { findMagic, type MtpHead, readHead } from './head.ts';

/** Limits of an {@link MtpDecoder}. */
export interface MtpDecoderOptions {
  /** Longest body accepted, in bytes; 2 MiB unless told, at most 2^30. */
  readonly maxBodyBytes?: number;
  /**
   * Whether bodies may be parts of the chunk that brought them, which then must not be used again. Fragments, which
   * wait for others, and the bodies of long chunks are copies in any case: what is short must not keep much memory.
   *
   * @default false
   */
  readonly sharesChunks?: boolean;
}

/** Most bytes that a body may keep in memory: of all the chunk is a part of. */
const MAX_SHARED_BYTES = 16 * 1024;

/** Twice the longest message (spec §14.7 no. 7): a payload may join several. */
const DEFAULT_MAX_BODY_BYTES = 2 * 1024 * 1024;

/**
 * Cuts the bytes of one TCP connection into packages (spec §12.3).
 *
 * Bytes that are no head are skipped up to the next head. The cost is linear in the bytes received, and memory is taken
 * for bytes that have arrived, never for a length that was only announced.
 *
 * Two heads end the connection: one whose length is above the limit (`format/limit`) and one without length, which is
 * for datagrams (`transport/protocol`; spec §12.2). The decoder is dead from then on.
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
   * Changes the longest body accepted, in bytes, for packages whose heads come from now on.
   *
   * @throws `RangeError` for what is no such limit
   */
  set maxBodyBytes(bytes: number) {
    this.#maxBodyBytes = checkedLimit(bytes);
  }

  /** The error that killed this decoder; the connection has to be closed when there is one. */
  get failure(): ProtocolError | undefined {
    return this.#failure;
  }

  /** How many bytes of garbage were skipped so far; a peer that sends much of it speaks no MTP. */
  get skippedBytes(): number {
    return this.#skipped;
  }

  /** How many bytes wait for the rest of their package. */
  get waitingBytes(): number {
    return this.#waiting.length;
  }

  /**
   * Takes the next bytes of the stream and returns the packages they complete. The chunk may be reused afterwards,
   * unless {@link MtpDecoderOptions.sharesChunks}: bodies are copies.
   *
   * A fatal head behind complete packages of the same chunk does not take them away: they are returned, {@link failure}
   * is set, and the next call throws. So the packages do not depend on how TCP cut the stream.
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

  /** Decodes what is complete and returns how many bytes are done with. */
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
  // Never `slice` or `subarray` of a chunk, which may be a Buffer of Node: what is returned is no Buffer.
  return shared
    ? new Uint8Array(bytes.buffer, bytes.byteOffset + from, to - from)
    : new Uint8Array(bytes.subarray(from, to));
}

/** Shared, because a hostile stream may hold an empty package every 8 bytes. */
const EMPTY: Uint8Array = /* @__PURE__ */ new Uint8Array(0);
