import type { ReliableMessage } from '@dimp/dkd';
import { definedOnly, equalJson, isProtocolError, type JsonObject } from '@dimp/foundation';
import type { Document, ID, Meta } from '@dimp/mkm';
import type { Barrack } from '../barrack/barrack.ts';
import { seconds } from '../ports/clock.ts';

/** What to attach to a message on first contact (spec §8.10). */
export interface AttachmentOptions {
  readonly attachMeta?: boolean;
  readonly attachVisa?: boolean;
}

/** A verified meta and visa that were attached to a message. */
export interface CheckedAttachments {
  readonly meta?: Meta;
  readonly visa?: Document;
}

/**
 * The sender's meta and visa attached to messages. Invalid ones are refused even if the sender is known. Valid ones are stored
 * only after the signature of the message has been verified, so that an attacker cannot fill a store with metas of others.
 */
export class Attachments {
  readonly #barrack: Barrack;

  constructor(barrack: Barrack) {
    this.#barrack = barrack;
  }

  /** Returns the members to attach. */
  async wire(
    sender: ID,
    { attachMeta, attachVisa }: AttachmentOptions,
  ): Promise<Pick<ReliableMessage, 'meta' | 'visa'>> {
    const meta = attachMeta ? await this.#barrack.meta(sender) : undefined;
    const visa = attachVisa ? await this.#barrack.document(sender) : undefined;
    return {
      ...definedOnly({ meta: meta?.wire, visa: visa?.wire }),
    };
  }

  /**
   * Verifies the attachments of a message without storing them.
   *
   * @throws `identity/meta-mismatch`, `identity/document-invalid` and the codes of reading metas and documents
   */
  async check(message: ReliableMessage): Promise<CheckedAttachments> {
    const { sender } = message.envelope;
    const known = await this.#barrack.meta(sender);
    const meta = await this.#checkMeta(message.meta, sender, known);
    const visa = await this.#checkVisa(message.visa, sender, known ?? meta);
    return {
      // The first meta wins, so an attached meta counts only if none is stored.
      ...(meta === undefined || known !== undefined ? {} : { meta }),
      ...definedOnly({ visa }),
    };
  }

  /** Stores what {@link Attachments.check} accepted. Ignores a visa that is not newer than the stored one. */
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
    // Without a meta, the message waits for one, and so does its visa.
    if (meta === undefined) return undefined;
    if (await this.#barrack.hasDocument(visa, sender)) return undefined;
    await protocol.documents.verify(visa, { id: sender, key: meta.key, now: seconds(clock) });
    return visa;
  }
}
