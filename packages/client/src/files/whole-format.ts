import type { BlobSource } from '@dimp/core';
import { concatBytes } from '@dimp/foundation';
import { damaged, type FrameOpener, slice, subtle } from './cipher.ts';

const BLOCK_LENGTH = 16;
/** Number of bytes that are encrypted or decrypted at a time. */
const PIECE_LENGTH: number = 256 * 1024;

/**
 * Prepares the key of a file that is encrypted as a whole.
 *
 * @param secret - 16, 24 or 32 bytes
 * @throws `crypto/unavailable` for a length that the platform does not have: 24 in Chromium
 */
export async function wholeKey(secret: Uint8Array): Promise<CryptoKey> {
  const platform = subtle();
  return platform.importKey('raw', own(secret), 'AES-CBC', false, ['encrypt', 'decrypt']);
}

/** Length of a file with its padding. */
export function paddedSize(size: number): number {
  return size - (size % BLOCK_LENGTH) + BLOCK_LENGTH;
}

/** A file that is encrypted by AES-CBC with PKCS#7 while it is read (spec §13.1). */
export class WholeSource implements BlobSource {
  readonly size: number;
  readonly #file: Blob;
  readonly #key: CryptoKey;
  /** The IV of each piece: the last block of the piece before it. */
  readonly #ivs: Uint8Array[];

  constructor(file: Blob, key: CryptoKey, iv: Uint8Array) {
    this.size = paddedSize(file.size);
    this.#file = file;
    this.#key = key;
    this.#ivs = [iv];
  }

  async read(start: number, end: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(end - start);
    let index = Math.floor(start / PIECE_LENGTH);
    // Each piece needs the end of the one before it, so the pieces of an earlier run are encrypted again.
    for (let known = this.#ivs.length - 1; known < index; known++) await this.#seal(known);
    for (; index * PIECE_LENGTH < end; index++) {
      const position = index * PIECE_LENGTH;
      const sealed = await this.#seal(index);
      const wanted = sealed.subarray(Math.max(0, start - position), end - position);
      bytes.set(wanted, Math.max(0, position - start));
    }
    return bytes;
  }

  async #seal(index: number): Promise<Uint8Array> {
    const start = index * PIECE_LENGTH;
    const iv = own(this.#ivs[index] as Uint8Array);
    const plaintext = await slice(this.#file, start, start + PIECE_LENGTH);
    const sealed = new Uint8Array(
      await subtle().encrypt({ name: 'AES-CBC', iv }, this.#key, plaintext),
    );
    if (plaintext.length < PIECE_LENGTH) return sealed;
    // WebCrypto pads every piece, but only the last one keeps its padding.
    const piece = sealed.subarray(0, PIECE_LENGTH);
    this.#ivs[index + 1] = piece.slice(-BLOCK_LENGTH);
    return piece;
  }
}

/**
 * Decrypts a file that was encrypted as a whole. AES-CBC detects no tampering: without a digest, the server can change
 * the result.
 *
 * @param size - length of the file, if it is known
 */
export function wholeOpener(key: CryptoKey, iv: Uint8Array, size: number | undefined): FrameOpener {
  const ivs = [iv];
  const encryptPadding = async (block: Uint8Array): Promise<Uint8Array> =>
    new Uint8Array(
      await subtle().encrypt({ name: 'AES-CBC', iv: own(block) }, key, new Uint8Array()),
    );
  return {
    frame: PIECE_LENGTH,
    ...(size === undefined ? {} : { sealedSize: paddedSize(size) }),
    async open(piece, index, last) {
      const before = ivs[index] as Uint8Array;
      const end = piece.slice(-BLOCK_LENGTH);
      try {
        // WebCrypto removes a padding from every piece, so the pieces before the last get one appended.
        const padded = last ? piece : concatBytes(piece, await encryptPadding(end));
        const parameters = { name: 'AES-CBC', iv: own(before) };
        const plaintext = await subtle().decrypt(parameters, key, own(padded));
        ivs[index + 1] = end;
        return new Uint8Array(plaintext);
      } catch {
        throw damaged();
      }
    },
  };
}

/** WebCrypto's types demand unshared memory. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
