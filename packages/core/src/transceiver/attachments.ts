import type { ReliableMessage } from '@dimp/dkd';
import { equalJson, isProtocolError, type JsonObject } from '@dimp/foundation';
import type { Document, ID, Meta } from '@dimp/mkm';
import type { Barrack } from '../barrack/barrack.ts';
import { seconds } from '../ports/clock.ts';

/** What goes along with a message on first contact (spec §8.10). */
export interface AttachmentOptions {
  readonly attachMeta?: boolean;
  readonly attachVisa?: boolean;
}

/** An attached meta and visa that were found right. */
export interface CheckedAttachments {
  readonly meta?: Meta;
  readonly visa?: Document;
}

/**
 * The sender's meta and visa inside a message. Wrong ones are refused even if the sender is known; right ones are kept
 * only after the message's own signature has been verified, so that nobody fills a store with strangers' metas.
 */
export class Attachments {
  readonly #barrack: Barrack;

  constructor(barrack: Barrack) {
    this.#barrack = barrack;
  }

  /** The members to send along. */
  async wire(
    sender: ID,
    { attachMeta, attachVisa }: AttachmentOptions,
  ): Promise<Pick<ReliableMessage, 'meta' | 'visa'>> {
    const meta = attachMeta ? await this.#barrack.meta(sender) : undefined;
    const visa = attachVisa ? await this.#barrack.document(sender) : undefined;
    return {
      ...(meta === undefined ? {} : { meta: meta.wire }),
      ...(visa === undefined ? {} : { visa: visa.wire }),
    };
  }

  /**
   * Checks what is attached to a message, without keeping it.
   *
   * @throws `identity/meta-mismatch`, `identity/document-invalid` and the codes of reading metas and documents.
   */
  async check(message: ReliableMessage): Promise<CheckedAttachments> {
    const { sender } = message.envelope;
    const known = await this.#barrack.meta(sender);
    const meta = await this.#checkMeta(message.meta, sender, known);
    const visa = await this.#checkVisa(message.visa, sender, known ?? meta);
    return {
      // The first meta wins: what is attached only counts while there is none.
      ...(meta === undefined || known !== undefined ? {} : { meta }),
      ...(visa === undefined ? {} : { visa }),
    };
  }

  /** Keeps what {@link Attachments.check} found right and new; a visa that is not newer than the stored one is ignored. */
  async keep(sender: ID, { meta, visa }: CheckedAttachments): Promise<void> {
    if (meta !== undefined) await this.#barrack.saveMeta(meta, sender);
    if (visa === undefined) return;
    try {
      await this.#barrack.saveDocument(visa, sender);
    } catch (error) {
      if (!isProtocolError(error, 'identity/expired')) throw error;
    }
  }

  async #checkMeta(
    wire: JsonObject | undefined,
    sender: ID,
    known: Meta | undefined,
  ): Promise<Meta | undefined> {
    if (wire === undefined) return undefined;
    if (known !== undefined && equalJson(known.wire, wire)) return known;
    const meta = this.#barrack.protocol.metas.parse(wire);
    await this.#barrack.protocol.metas.check(meta, sender);
    if (known !== undefined) this.#barrack.reportConflict(sender, known, meta);
    return meta;
  }

  async #checkVisa(
    wire: JsonObject | undefined,
    sender: ID,
    meta: Meta | undefined,
  ): Promise<Document | undefined> {
    if (wire === undefined) return undefined;
    const { protocol, clock } = this.#barrack;
    const visa = protocol.documents.parse(wire, sender);
    // Without a meta the message has to wait for one, and its visa with it.
    if (meta === undefined) return undefined;
    if (await this.#barrack.hasDocument(visa, sender)) return undefined;
    await protocol.documents.verify(visa, { id: sender, key: meta.key, now: seconds(clock) });
    return visa;
  }
}
