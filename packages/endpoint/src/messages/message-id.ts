import { sha256Base64 } from '@dimp/crypto/digests';
import type { SecureMessage } from '@dimp/dkd';
import { concatBytes, utf8Encode } from '@dimp/foundation';

/** Shared buffer that joins sender and data of most messages without an allocation. */
const DESK: Uint8Array = /* @__PURE__ */ new Uint8Array(8192);
/** Maximum bytes of UTF-8 per UTF-16 unit. */
const WIDEST = 3;

/**
 * Returns the name of a message: Base64 of the SHA-256 of its sender and its data (spec §14.7 no. 4). It depends only on what the
 * signature proves, so that a changed envelope does not make a second message. It does not depend on the signature itself, because
 * anyone can derive a second valid signature from one of ECDSA.
 */
export function messageID({ envelope, data }: Pick<SecureMessage, 'envelope' | 'data'>): string {
  const sender = `${envelope.sender.entity}\u0000`;
  if (sender.length * WIDEST + data.length > DESK.length) {
    return sha256Base64(concatBytes(utf8Encode(sender), data));
  }
  encoder ??= new TextEncoder();
  const { written } = encoder.encodeInto(sender, DESK);
  DESK.set(data, written);
  return sha256Base64(DESK.subarray(0, written + data.length));
}
let encoder: TextEncoder | undefined;

/** Whether a value has the form of a {@link messageID}: 44 characters of Base64. */
export function isMessageID(text: unknown): text is string {
  return typeof text === 'string' && /^[A-Za-z0-9+/]{43}=$/.test(text);
}
