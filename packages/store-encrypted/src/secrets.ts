/**
 * Secrets in a file, sealed with a passphrase.
 *
 * @module
 */
import {
  concatBytes,
  ProtocolError,
  parseJsonObject,
  stringifyJson,
  utf8Decode,
  utf8Encode,
} from '@dimp/foundation';
import type { ScryptWork } from '#native/scrypt';
import { importKey, open, seal } from './aead.ts';
import { decodeDerivation, derive, encodeDerivation, newDerivation } from './passphrase.ts';

/** First line of a sealed file. */
const MAGIC = 'DIM sealed 1\n';

/**
 * Seals bytes with a passphrase: scrypt, then AES-256-GCM. The result contains the parameters; all of it is authenticated.
 *
 * @throws `RangeError` for an empty passphrase, or work that is out of bounds
 */
export async function sealWithPassphrase(
  bytes: Uint8Array,
  passphrase: string,
  options: { readonly work?: ScryptWork } = {},
): Promise<Uint8Array> {
  const derivation = newDerivation(options.work);
  const header = utf8Encode(`${MAGIC}${stringifyJson(encodeDerivation(derivation))}\n`);
  const key = await importKey(await derive(passphrase, derivation));
  return concatBytes(header, await seal(key, bytes, header));
}

/**
 * Opens bytes that {@link sealWithPassphrase} sealed.
 *
 * @throws `format/bytes` for other bytes; `crypto/passphrase` for a wrong passphrase or a changed file, which cannot be
 *   distinguished
 */
export async function openWithPassphrase(
  sealed: Uint8Array,
  passphrase: string,
): Promise<Uint8Array> {
  const first = sealed.indexOf(0x0a);
  const second = sealed.indexOf(0x0a, first + 1);
  if (first === -1 || second === -1 || second > 1024) throw notSealed();
  const derivation = readHeader(sealed.subarray(0, second));
  const key = await importKey(await derive(passphrase, derivation));
  const opened = await open(key, sealed.slice(second + 1), sealed.slice(0, second + 1));
  if (opened === undefined) throw new ProtocolError('crypto/passphrase', 'the passphrase is wrong');
  return opened;
}

function readHeader(bytes: Uint8Array): ReturnType<typeof newDerivation> {
  try {
    const text = utf8Decode(bytes);
    if (text.startsWith(MAGIC)) {
      const derivation = decodeDerivation(parseJsonObject(text.slice(MAGIC.length)));
      if (derivation !== undefined) return derivation;
    }
  } catch {
    // Not UTF-8, or not JSON.
  }
  throw notSealed();
}

function notSealed(): ProtocolError<'format/bytes'> {
  return new ProtocolError('format/bytes', 'the bytes are not a sealed file');
}
