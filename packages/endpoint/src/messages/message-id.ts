import { sha256Base64 } from '@dimp/crypto/digests';
import type { SecureMessage } from '@dimp/dkd';
import { concatBytes, utf8Encode } from '@dimp/foundation';

/** Where sender and data of most messages are put together: nothing has to be made for it. */
const DESK: Uint8Array = /* @__PURE__ */ new Uint8Array(8192);
/** Most bytes of UTF-8 for one unit of a text. */
const WIDEST = 3;

/**
 * The name of a message: Base64 of the SHA-256 of its sender and its data (spec §14.7 no. 4). Only what the signature
 * proves may enter: who changes the envelope of a message gets no second message. The signature itself may not either,
 * because from one of ECDSA anybody can make another one that is valid, too.
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

/** Whether a text may be a {@link messageID}: 44 characters of Base64. */
export function isMessageID(text: unknown): text is string {
  return typeof text === 'string' && /^[A-Za-z0-9+/]{43}=$/.test(text);
}
