import type { SymmetricKey } from '@dimp/crypto';
import type { Content } from '@dimp/dkd';
import type { MaybePromise, ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';

/** How a message was decrypted, and what that proves. */
export interface Opening {
  /** The key that decrypted it; absent for a broadcast, which is plaintext. */
  readonly key?: SymmetricKey;
  /**
   * Whether the sender provably wrote the content for this receiver: under authenticated encryption, or because the wrapped key
   * names the sender, or the content names the sender together with receiver or group. The signature proves a broadcast. An
   * unproven message may be the ciphertext of another sender, signed again by an attacker.
   */
  readonly proven: boolean;
  /**
   * Whether the content has a time that cannot have been changed in transit. The time of the envelope is never trusted, nor is a
   * time in the first block of a content of an older program (spec §14.2 #16).
   */
  readonly timeTrusted: boolean;
  /** Why the content type refused the content, which is then of kind `unknown`. Only with {@link DecryptOptions.keepRefused}. */
  readonly refused?: ProtocolError;
}

/** Options for decrypting one message. */
export interface DecryptOptions {
  /** Returns a content that its type refuses as an unknown one; {@link Opening.refused} has the error. */
  readonly keepRefused?: boolean;
  /**
   * Skips the check that the sender is a member of the group. For evidence about the past of a group, which is checked against
   * the members of that time.
   */
  readonly anyMember?: boolean;
  /** Whether a sender may write a content to a group; by default, or if it returns undefined, the barrack decides. */
  readonly maySpeak?: (
    group: ID,
    sender: ID,
    content: Content,
  ) => MaybePromise<boolean | undefined>;
}

/**
 * What an error of `decrypt` means:
 * - `unreadable`: the message did not decrypt to a content with type and serial number. Do not show, answer or store anything of
 *   it, with any code.
 * - `unproven`: it decrypted, but its content was refused, and the sender may not know the content. The answer must not differ
 *   from that to an unreadable message; otherwise it is an oracle.
 * - `proven`: it decrypted, and its sender wrote the refused content.
 */
export type DecryptFailure = 'unreadable' | 'unproven' | 'proven';
