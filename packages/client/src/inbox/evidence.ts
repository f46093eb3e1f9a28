import { type Handle, type MaybePromise, makeHandle } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { OpenedMessage } from './message-opener.ts';

/**
 * A message that a peer has forwarded as evidence. Its signature was verified and it was decrypted. It may have any age
 * and may have been shown before. The reader must decide whether its sender was authorized.
 */
export interface Evidence extends Pick<OpenedMessage, 'envelope' | 'content' | 'user'> {
  readonly signature: Uint8Array;
  /** The peer who has forwarded it. This proves nothing about the message, which is signed by its own sender. */
  readonly forwarder: ID;
  /** See {@link IncomingMessage.proven}. */
  readonly proven: boolean;
  /** Whether only the sender can have written the time in the content. */
  readonly timeTrusted: boolean;
}

/**
 * Reads evidence that was requested, such as the history of a group. The same evidence may come repeatedly. It must not wait for
 * `Messenger.send`, which waits for the messages that are being received.
 *
 * @returns whether it was requested. If not, the message is treated like any other: refused if it is old, and shown
 *   once.
 */
export type EvidenceReader = (evidence: Evidence) => MaybePromise<boolean>;

/** Readers of evidence. */
export class EvidenceReaders {
  readonly #readers = new Set<EvidenceReader>();

  get hasReaders(): boolean {
    return this.#readers.size > 0;
  }

  add(reader: EvidenceReader): Handle {
    const own: EvidenceReader = (evidence) => reader(evidence);
    this.#readers.add(own);
    return makeHandle(() => void this.#readers.delete(own));
  }

  /** @returns whether a reader has requested it */
  async read(opened: OpenedMessage, forwarder: ID): Promise<boolean> {
    const { envelope, content, user, signature, proven, timeTrusted } = opened;
    const evidence = { envelope, content, user, signature, forwarder, proven, timeTrusted };
    for (const reader of [...this.#readers]) if (await reader(evidence)) return true;
    return false;
  }
}
