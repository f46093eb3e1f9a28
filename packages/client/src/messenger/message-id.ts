import { sha256 } from '@dimp/crypto/digests';
import type { SecureMessage } from '@dimp/dkd';
import { concatBytes, encodeBase64, utf8Encode } from '@dimp/foundation';

/**
 * The name of a message: Base64 of the SHA-256 of its sender and its data (spec §14.7 no. 4). Only what the signature
 * proves may enter: who changes the envelope of a message gets no second message. The signature itself may not either,
 * because from one of ECDSA anybody can make another one that is valid, too.
 */
export function messageID({ envelope, data }: Pick<SecureMessage, 'envelope' | 'data'>): string {
  return encodeBase64(sha256(concatBytes(utf8Encode(`${envelope.sender.entity}\u0000`), data)));
}

/** Whether a text may be a {@link messageID}: 44 characters of Base64. */
export function isMessageID(text: unknown): text is string {
  return typeof text === 'string' && /^[A-Za-z0-9+/]{43}=$/.test(text);
}
