import { sha256 } from '@dimp/crypto/digests';
import { encodeBase64Url, utf8Encode } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';

/** Characters of a ref: 16 bytes of the digest, and two bits more. */
const LENGTH = 22;

/** What a ref is made of. */
export interface RefParts {
  readonly sender: ID;
  /** Serial number of the content. */
  readonly sn: number;
  /** Time of the content in seconds since the epoch; that of the envelope if the content has none. */
  readonly time: number;
}

/**
 * Names a message: 22 characters of Base64url. All members, copies, and devices compute the same name, because everything in
 * it is inside the content that its author signed. Edits do not change it.
 *
 * It is the beginning of SHA-256("dim-ref-1\n" ‖ entity of the sender ‖ "\n" ‖ sn ‖ "\n" ‖ milliseconds).
 *
 * @example
 * ```ts
 * refOf({ sender: message.sender, sn: content.sn, time: content.time ?? message.time });
 * ```
 */
export function refOf({ sender, sn, time }: RefParts): string {
  const milliseconds = Math.round(time * 1000);
  const digest = sha256(utf8Encode(`dim-ref-1\n${sender.entity}\n${sn}\n${milliseconds}`));
  return encodeBase64Url(digest).slice(0, LENGTH);
}
