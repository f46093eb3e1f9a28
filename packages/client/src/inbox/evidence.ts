import { type Handle, type MaybePromise, makeHandle } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { OpenedMessage } from './message-opener.ts';

/**
 * A message that somebody has forwarded to show what was said: its signature was verified and it was opened. It may be of
 * any age, and may have been shown before. Whether its sender was allowed to say it is for the reader to judge.
 */
export interface Evidence extends Pick<OpenedMessage, 'envelope' | 'content' | 'user'> {
  readonly signature: Uint8Array;
  /** Who has forwarded it. They prove nothing: the message is signed by its own sender. */
  readonly forwarder: ID;
  /** See {@link IncomingMessage.proven}. */
  readonly proven: boolean;
  /** Whether nobody but the sender can have written the time inside. */
  readonly timeTrusted: boolean;
}

/**
 * Reads evidence that was asked for, such as the history of a group. It has to bear that the same evidence comes again.
 *
 * @returns whether it was asked for: then the message is not treated as one that has just come. Otherwise it is refused if
 *   it is old, and not taken in twice.
 */
export type EvidenceReader = (evidence: Evidence) => MaybePromise<boolean>;

/** Those who have asked for evidence. */
export class EvidenceReaders {
  readonly #readers = new Set<EvidenceReader>();

  get anybody(): boolean {
    return this.#readers.size > 0;
  }

  add(reader: EvidenceReader): Handle {
    const own: EvidenceReader = (evidence) => reader(evidence);
    this.#readers.add(own);
    return makeHandle(() => void this.#readers.delete(own));
  }

  /** @returns whether somebody has asked for it */
  async read(opened: OpenedMessage, forwarder: ID): Promise<boolean> {
    const { envelope, content, user, signature, proven, timeTrusted } = opened;
    const evidence = { envelope, content, user, signature, forwarder, proven, timeTrusted };
    for (const reader of [...this.#readers]) if (await reader(evidence)) return true;
    return false;
  }
}
