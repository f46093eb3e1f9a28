import type { SymmetricKey } from '@dimp/crypto';
import type { ProtocolError } from '@dimp/foundation';

/** How a message was opened, and what that proves. */
export interface Opening {
  /** The key that opened it; absent for a broadcast, which nobody has to open. */
  readonly key?: SymmetricKey;
  /**
   * Whether its sender made the content for this receiver: it opened under authenticated encryption, or its wrapped key
   * names its sender, or its content names its sender together with receiver or group. A broadcast is proven by its
   * signature. What is not proven may be a ciphertext of somebody else, signed anew.
   */
  readonly proven: boolean;
  /**
   * Whether the content has a time that nobody on the way can have changed. The envelope's time is never trusted, and
   * neither is one that stands in the first block of an older content (spec §14.2 #16).
   */
  readonly timeTrusted: boolean;
  /** Why the type of the content refuses it; it is shown as an unknown one. Only with {@link DecryptOptions.keepRefused}. */
  readonly refused?: ProtocolError;
}

/** Options of opening one message. */
export interface DecryptOptions {
  /** A content that its type refuses is read as an unknown one, and {@link Opening.refused} tells why. */
  readonly keepRefused?: boolean;
  /**
   * Leaves out whether the sender is a member of the group that the content names: for evidence of what a group was, which
   * is judged by the members of its time.
   */
  readonly anyMember?: boolean;
}

/**
 * What an error of `decrypt` says about the message:
 * - `unreadable`: it did not open to a content with type and serial number. Nothing of it may be shown, answered or
 *   remembered, whatever the code;
 * - `unproven`: it opened, and its content was refused; but whoever sent it may not know what is in it. What is answered
 *   must not differ from `unreadable`, or it is an oracle;
 * - `proven`: it opened, and its sender made what was refused.
 */
export type DecryptFailure = 'unreadable' | 'unproven' | 'proven';
