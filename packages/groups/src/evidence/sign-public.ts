import { isWaiting, Transceiver } from '@dimp/core';
import type { Draft, Envelope, ReliableMessage } from '@dimp/dkd';
import type { Facebook } from '@dimp/endpoint';
import { ANYONE, type ID } from '@dimp/mkm';

/** What a public message says, and when. */
export interface PublicMessage {
  readonly sender: ID;
  readonly draft: Draft;
  /** In milliseconds since the epoch. */
  readonly time: number;
  /** The group in the envelope. */
  readonly group?: ID;
}

/** Signs messages that everybody who gets them can read and check: entries, and documents for newcomers. */
export class PublicSigner {
  readonly #facebook: Facebook;
  readonly #transceiver: Transceiver;

  constructor(facebook: Facebook) {
    this.#facebook = facebook;
    this.#transceiver = new Transceiver({ barrack: facebook });
  }

  /** @throws `identity/not-found` if the sender is not a local user; `format/` codes for a content that its type refuses */
  async sign({ sender, draft, time, group }: PublicMessage): Promise<ReliableMessage> {
    const { contents } = this.#facebook.protocol;
    const content = contents.stamp(draft, { time: time / 1000 });
    contents.parse(content.wire);
    const envelope: Envelope = {
      sender,
      receiver: ANYONE,
      time: time / 1000,
      ...(group === undefined ? {} : { group }),
    };
    const secure = await this.#transceiver.encrypt({ envelope, content });
    if (isWaiting(secure)) throw new TypeError('a public message has no receiver to wait for');
    return this.#transceiver.sign(secure);
  }
}
