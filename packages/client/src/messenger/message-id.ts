import { sha256 } from '@dimp/crypto/digests';
import type { SecureMessage } from '@dimp/dkd';
import { concatBytes, encodeBase64 } from '@dimp/foundation';

/**
 * The name of a message: Base64 of the SHA-256 of data and signature (spec §14.7 no. 4). Nothing else of a message is
 * signed, so nothing else may enter: who changes the envelope of a message gets no second message.
 */
export function messageID(message: Pick<SecureMessage, 'data'> & SignedPart): string {
  return encodeBase64(sha256(concatBytes(message.data, message.signature)));
}

interface SignedPart {
  readonly signature: Uint8Array;
}

/** Whether a text may be a {@link messageID}: 44 characters of Base64. */
export function isMessageID(text: unknown): text is string {
  return typeof text === 'string' && /^[A-Za-z0-9+/]{43}=$/.test(text);
}
