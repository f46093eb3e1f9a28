import type { JsonObject } from '@dimp/foundation';
import type { Content } from './content.ts';
import type { Envelope } from './envelope.ts';

/** A message in the clear: envelope and content (spec §0). Plain data, like all three states. */
export interface InstantMessage<C extends Content = Content> {
  readonly envelope: Envelope;
  readonly content: C;
}

/** A message whose content is encrypted, or plain text for a broadcast receiver (spec §8.3). */
export interface SecureMessage {
  readonly envelope: Envelope;
  /** Whether `data` is the content's JSON text itself (spec §8.2). */
  readonly broadcast: boolean;
  /** What the signature covers: the ciphertext, or the UTF-8 of the plain text (spec §8.4). */
  readonly data: Uint8Array;
  /** The message key, encrypted for the one receiver. */
  readonly key?: Uint8Array;
  /** Encrypted message keys by member ID, or by `ID/terminal`, still encoded (spec §8.8). */
  readonly keys?: Readonly<Record<string, string>>;
  /** The object as received, or as it will be sent: relays keep members that they do not know. */
  readonly wire: JsonObject;
}

/** A message that can travel: secure and signed. */
export interface ReliableMessage extends SecureMessage {
  readonly signature: Uint8Array;
  /** The sender's meta, attached on first contact (spec §8.10). Not checked yet. */
  readonly meta?: JsonObject;
  /** The sender's visa, attached on first contact. Not checked yet. */
  readonly visa?: JsonObject;
}

declare const seal: unique symbol;
/**
 * A value that passed `verify`. Only the transceiver that verified it can make one, so the step cannot be skipped:
 * the compiler refuses an unverified message, and so does the run time.
 */
export type Verified<T> = T & { readonly [seal]: 'verified' };
