import type { JsonObject } from '@dimp/foundation';
import type { Content } from './content.ts';
import type { Envelope } from './envelope.ts';

/** A message in the clear: envelope and content (spec §0). All three states are plain data. */
export interface InstantMessage<C extends Content = Content> {
  readonly envelope: Envelope;
  readonly content: C;
}

/** A message with encrypted content, or with plaintext for a broadcast receiver (spec §8.3). */
export interface SecureMessage {
  readonly envelope: Envelope;
  /** Whether `data` is the content's JSON text itself (spec §8.2). */
  readonly broadcast: boolean;
  /** The signed bytes: the ciphertext, or the UTF-8 of the plaintext (spec §8.4). */
  readonly data: Uint8Array;
  /** The message key, encrypted for the receiver. */
  readonly key?: Uint8Array;
  /** Encrypted message keys by member ID, or by `ID/terminal`, still encoded (spec §8.8). */
  readonly keys?: Readonly<Record<string, string>>;
  /** The JSON object as received, or as it will be sent. Relays keep unknown members. */
  readonly wire: JsonObject;
}

/** A secure message with its signature, ready to be sent. */
export interface ReliableMessage extends SecureMessage {
  readonly signature: Uint8Array;
  /** The sender's meta, attached to first messages (spec §8.10). Not verified. */
  readonly meta?: JsonObject;
  /** The sender's visa, attached to first messages. Not verified. */
  readonly visa?: JsonObject;
}

declare const seal: unique symbol;
/**
 * A value that `verify` accepted. Only the transceiver that verified it can create one, so the step cannot be skipped, neither
 * at compile time nor at run time.
 */
export type Verified<T> = T & { readonly [seal]: 'verified' };
