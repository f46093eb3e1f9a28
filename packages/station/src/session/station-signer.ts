import { bindEnvelope, isWaiting, seconds, type Transceiver, type Waiting } from '@dimp/core';
import type { Content, ContentRegistry, Draft, Envelope } from '@dimp/dkd';
import type { JsonObject } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';

/** Options for {@link StationSigner.pack}. */
export interface SignOptions {
  /** Attaches the station's meta and visa, for receivers that may not know it (spec §8.10). */
  readonly introduce?: boolean;
}

/** Packs and signs messages of the station itself. */
export class StationSigner {
  readonly id: ID;
  readonly #transceiver: Transceiver;

  constructor(id: ID, transceiver: Transceiver) {
    this.id = id;
    this.#transceiver = transceiver;
  }

  /** Makes a content of a draft, with serial number and time. */
  stamp(draft: Draft, extra: JsonObject = {}): Content {
    const { protocol, barrack } = this.#transceiver;
    const contents: ContentRegistry = protocol.contents;
    const content = contents.stamp(draft, { time: seconds(barrack.clock) });
    return Object.keys(extra).length === 0
      ? content
      : { ...content, wire: { ...content.wire, ...extra } };
  }

  /**
   * Encrypts and signs a message of the station.
   *
   * @returns the bytes, or what has to arrive first: the receiver's visa
   * @throws `format/limit`; `store/` codes
   */
  async pack(
    content: Content,
    receiver: ID,
    { introduce = false }: SignOptions = {},
  ): Promise<Uint8Array | Waiting> {
    const envelope: Envelope = { sender: this.id, receiver, time: content.time ?? 0 };
    const bound = bindEnvelope(content, envelope);
    const secure = await this.#transceiver.encrypt({ envelope, content: bound });
    if (isWaiting(secure)) return secure;
    const attach = { attachMeta: introduce, attachVisa: introduce };
    return this.#transceiver.serialize(await this.#transceiver.sign(secure, attach));
  }
}
