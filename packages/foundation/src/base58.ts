import bs58 from 'bs58';
import { ProtocolError } from './error.ts';

/**
 * Maximum length of a text that is decoded. Decoding Base58 takes quadratic time, and a message of 1 MiB may be full of such
 * texts. With this limit, all of them together take a tenth of a second. The longest value of the protocol, an address, has
 * 35 characters.
 */
const MAX_LENGTH = 128;

/** Encodes bytes as Base58 with Bitcoin's alphabet. Leading zero bytes become leading `1` (spec §1.2). */
export function encodeBase58(bytes: Uint8Array): string {
  return bs58.encode(bytes);
}

/**
 * Decodes Base58.
 *
 * @throws `format/bytes` for a character outside the alphabet, `format/limit` above 128 characters.
 */
export function decodeBase58(text: string): Uint8Array {
  if (text.length > MAX_LENGTH) {
    throw new ProtocolError(
      'format/limit',
      `Base58 text must have at most ${MAX_LENGTH} characters`,
      {
        details: { limit: 'characters', max: MAX_LENGTH },
      },
    );
  }
  const bytes = bs58.decodeUnsafe(text);
  if (bytes === undefined) throw new ProtocolError('format/bytes', 'text is not Base58');
  return bytes;
}
