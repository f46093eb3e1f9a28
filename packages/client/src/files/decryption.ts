import {
  decodeTed,
  definedOnly,
  fieldError,
  type JsonObject,
  ownMember,
  ProtocolError,
} from '@dimp/foundation';
import type { FrameOpener } from './cipher.ts';
import type { FileLocation } from './file-location.ts';
import { STREAM_ALGORITHM, streamKey, streamOpener } from './stream-format.ts';
import { wholeKey, wholeOpener } from './whole-format.ts';

/** When the bytes are known to be the file's: before they are returned, at the end of the file, or never. */
export type FileCheck = 'each-chunk' | 'at-end' | 'never';

/** Limits on the length of chunks. Smaller ones waste time, larger ones waste memory. */
const CHUNK_LIMITS = { min: 1024, max: 1024 * 1024 };
/** Names of AES-CBC (spec §2.1). */
const AES_NAMES: readonly unknown[] = ['AES', 'AES/CBC/PKCS7Padding'];

/**
 * Returns the decryption for a file, chosen by its content alone.
 *
 * @throws `format/field` for members that do not fit together; `crypto/key`; `unsupported/algorithm`
 */
export async function openerFor(location: FileLocation): Promise<FrameOpener> {
  const { key, size } = location;
  const algorithm = key === undefined ? 'PLAIN' : ownMember(key, 'algorithm');
  if (key === undefined || algorithm === 'PLAIN') return plainOpener(size);
  if (algorithm === STREAM_ALGORITHM) return openStream(location, key);
  if (!AES_NAMES.includes(algorithm)) {
    throw new ProtocolError('unsupported/algorithm', 'the algorithm of the file is not supported');
  }
  const iv = location.IV ?? decodeTed(ownMember(key, 'iv') ?? ownMember(key, 'IV'));
  if (iv !== undefined && iv.length !== 16) throw fieldError('IV', 'must be 16 bytes');
  const secret = await importSecret(key, [16, 24, 32], wholeKey);
  return wholeOpener(secret, iv ?? new Uint8Array(16), size);
}

/** Returns when the bytes of a download can be trusted. */
export function checkOf({ key, data, sha256 }: FileLocation): FileCheck {
  if (data !== undefined) return 'each-chunk';
  if (key !== undefined && ownMember(key, 'algorithm') === STREAM_ALGORITHM) return 'each-chunk';
  return sha256 === undefined ? 'never' : 'at-end';
}

/** @throws `format/field` */
export function checkFacts({ size, sha256 }: FileLocation): void {
  if (size !== undefined && (!Number.isSafeInteger(size) || size < 0)) {
    throw fieldError('size', 'must be a length in bytes');
  }
  if (sha256 !== undefined && sha256.length !== 32) throw fieldError('sha256', 'must be 32 bytes');
}

async function openStream({ size, sha256 }: FileLocation, key: JsonObject): Promise<FrameOpener> {
  if (size === undefined) throw fieldError('size', 'is missing');
  if (sha256 === undefined) throw fieldError('sha256', 'is missing');
  const chunk = ownMember(key, 'chunk');
  const { min, max } = CHUNK_LIMITS;
  if (typeof chunk !== 'number' || !Number.isInteger(chunk) || chunk < min || chunk > max) {
    throw fieldError('key', 'must have a supported chunk length');
  }
  if (size / chunk >= 2 ** 32) throw fieldError('size', 'must be at most 2^32 chunks');
  const facts = { size, sha256, chunk };
  return streamOpener(await importSecret(key, [32], (bytes) => streamKey(bytes, facts)), facts);
}

async function importSecret(
  key: JsonObject,
  lengths: readonly number[],
  importKey: (secret: Uint8Array) => Promise<CryptoKey>,
): Promise<CryptoKey> {
  const secret = decodeTed(ownMember(key, 'data'));
  if (secret === undefined || !lengths.includes(secret.length)) {
    throw new ProtocolError(
      'crypto/key',
      `the key of the file must be ${lengths.join(' or ')} bytes`,
    );
  }
  try {
    return await importKey(secret);
  } catch (cause) {
    throw new ProtocolError(
      'crypto/unavailable',
      'this platform does not support the cipher of the file',
      {
        cause,
      },
    );
  }
}

/** Opens files that are not encrypted, such as avatars (spec §13.1). */
function plainOpener(size: number | undefined): FrameOpener {
  return {
    frame: 256 * 1024,
    ...definedOnly({ sealedSize: size }),
    open: async (piece) => piece,
  };
}
