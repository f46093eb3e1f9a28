import type { BlobSource } from '@dimp/core';
import { concatBytes, utf8Encode } from '@dimp/foundation';
import { damaged, type FrameOpener, slice, subtle } from './cipher.ts';

/** Name of the algorithm in a file's key. Older peers do not know it and refuse the file, instead of showing noise. */
export const STREAM_ALGORITHM = 'AES-256-GCM-STREAM';
/** Length in bytes of the chunks that we write. */
export const CHUNK_LENGTH: number = 256 * 1024;

const TAG_LENGTH = 16;
/** Number of chunks that are encrypted at a time. */
const PARALLEL = 8;

/** Facts that the key of a stream is bound to. A key decrypts one file, with one content and one chunk length. */
export interface StreamFacts {
  readonly size: number;
  readonly sha256: Uint8Array;
  /** Length of a chunk in bytes. */
  readonly chunk: number;
}

/**
 * Derives the key that encrypts the chunks: HMAC-SHA-256 of the file's key over its length, chunk length and digest. If
 * a file changes between two attempts to upload it, its chunks get another key, so that no nonce is used for two
 * plaintexts.
 */
export async function streamKey(
  secret: Uint8Array,
  { size, sha256, chunk }: StreamFacts,
): Promise<CryptoKey> {
  const platform = subtle();
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const root = await platform.importKey('raw', own(secret), hmac, false, ['sign']);
  const numbers = new DataView(new ArrayBuffer(12));
  numbers.setBigUint64(0, BigInt(size));
  numbers.setUint32(8, chunk);
  const context = concatBytes(
    utf8Encode('dim file stream\u0001'),
    new Uint8Array(numbers.buffer),
    sha256,
  );
  const key = await platform.sign('HMAC', root, own(context));
  return platform.importKey('raw', key, 'AES-GCM', false, ['encrypt', 'decrypt']);
}

/** Length of the encrypted file; an empty file is one empty chunk. */
export function sealedSize(size: number, chunk: number): number {
  return size + TAG_LENGTH * Math.max(1, Math.ceil(size / chunk));
}

/**
 * A file that is encrypted chunk by chunk while it is read, by AES-256-GCM. The nonce of each chunk is its number and
 * whether it is the last one (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015).
 */
export class StreamSource implements BlobSource {
  readonly size: number;
  readonly #file: Blob;
  readonly #key: CryptoKey;
  readonly #chunk: number;
  readonly #last: number;

  constructor(file: Blob, key: CryptoKey, chunk: number) {
    this.size = sealedSize(file.size, chunk);
    this.#file = file;
    this.#key = key;
    this.#chunk = chunk;
    this.#last = Math.max(0, Math.ceil(file.size / chunk) - 1);
  }

  async read(start: number, end: number): Promise<Uint8Array> {
    const frame = this.#chunk + TAG_LENGTH;
    const bytes = new Uint8Array(end - start);
    const stop = Math.ceil(end / frame);
    for (let first = Math.floor(start / frame); first < stop; first += PARALLEL) {
      const count = Math.min(PARALLEL, stop - first);
      const sealing = Array.from({ length: count }, (_, index) => this.#seal(first + index));
      for (const [index, sealed] of (await Promise.all(sealing)).entries()) {
        const position = (first + index) * frame;
        const wanted = sealed.subarray(Math.max(0, start - position), end - position);
        bytes.set(wanted, Math.max(0, position - start));
      }
    }
    return bytes;
  }

  async #seal(index: number): Promise<Uint8Array> {
    const start = index * this.#chunk;
    const plaintext = await slice(this.#file, start, start + this.#chunk);
    const parameters = { name: 'AES-GCM', iv: nonce(index, index === this.#last) };
    return new Uint8Array(await subtle().encrypt(parameters, this.#key, plaintext));
  }
}

/** Decrypts the output of a {@link StreamSource}. Every byte is authenticated at its place before it is returned. */
export function streamOpener(key: CryptoKey, { size, chunk }: StreamFacts): FrameOpener {
  return {
    frame: chunk + TAG_LENGTH,
    sealedSize: sealedSize(size, chunk),
    async open(piece, index, last) {
      try {
        const parameters = { name: 'AES-GCM', iv: nonce(index, last) };
        return new Uint8Array(await subtle().decrypt(parameters, key, own(piece)));
      } catch {
        throw damaged();
      }
    },
  };
}

/** 7 zero bytes, because the key is the file's own; 4 bytes number, big-endian; 1 for the last chunk. */
function nonce(index: number, last: boolean): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(12));
  view.setUint32(7, index);
  view.setUint8(11, last ? 1 : 0);
  return new Uint8Array(view.buffer);
}

/** WebCrypto's types demand unshared memory. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
