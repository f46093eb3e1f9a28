import { type ReceiptMeaning, receiptMeaning } from '@dimp/dkd';
import type { Facebook, ReceiptBody } from '@dimp/endpoint';
import { definedOnly } from '@dimp/foundation';
import { EntityType, type ID, sameEntity } from '@dimp/mkm';
import type { IntroducedPeers } from './introduced-peers.ts';
import type { OutboxStore } from './outbox-store.ts';
import type { CopyRef } from './outgoing-message.ts';
import type { ReceiptIndex } from './receipt-index.ts';
import type { SendStage } from './send-stage.ts';

/** Options for {@link ConfirmStage}. */
export interface ConfirmStageOptions {
  readonly facebook: Facebook;
  readonly store: OutboxStore;
  readonly sendStage: SendStage;
  readonly receiptIndex: ReceiptIndex;
  readonly introducedPeers: IntroducedPeers;
  /** The station whose receipts count; undefined accepts any station's that names the signature. */
  readonly station: () => ID | undefined;
  /** Asks whether a receiver has newer keys than those that are known. It must not be waited for. */
  readonly refresh: (receiver: ID) => void;
}

/** Last stage of an outgoing message: receipts say how far its copies have got. */
export class ConfirmStage {
  readonly #options: ConfirmStageOptions;

  constructor(options: ConfirmStageOptions) {
    this.#options = options;
  }

  /**
   * Applies a receipt.
   *
   * @param from - its sender: the receiver of the message, or a station on the way
   * @param to - the user of ours it is addressed to
   */
  async confirm(body: ReceiptBody, from: ID, to: ID): Promise<void> {
    const { origin, text } = body;
    if (origin === undefined || !sameEntity(origin.sender, to)) return;
    const meaning = receiptMeaning(body);
    for (const ref of this.#options.receiptIndex.find(origin, to)) {
      const { receiver } = ref.outgoing.copy(ref.index);
      if (await this.#isReceiver(receiver, from)) {
        await this.#confirmByReceiver(ref, meaning, from, to, text);
      } else if (this.#isStation(from, origin)) {
        await this.#confirmByStation(ref, meaning, from, text);
      }
    }
  }

  async #confirmByReceiver(
    ref: CopyRef,
    meaning: ReceiptMeaning,
    from: ID,
    to: ID,
    text: string | undefined,
  ): Promise<void> {
    const { introducedPeers, refresh, sendStage } = this.#options;
    const { receiver, visaTime } = ref.outgoing.copy(ref.index);
    // Older programs say so. The copy is packed anew if the receiver has other keys by now.
    if (meaning.kind === 'refused' && meaning.code === 'crypto/decrypt') return refresh(receiver);
    if (visaTime !== undefined) await introducedPeers.confirm(to, from, visaTime);
    await sendStage.received(ref, text);
  }

  async #confirmByStation(
    ref: CopyRef,
    meaning: ReceiptMeaning,
    station: ID,
    text: string | undefined,
  ): Promise<void> {
    const { store, sendStage } = this.#options;
    const { outgoing, index } = ref;
    const { state, station: before } = outgoing.copy(index);
    if (state === 'delivered') {
      // What a station has, the receiver may have meanwhile: it cannot be refused any more.
      if (meaning.kind !== 'accepted' || before === station.entity) return;
      outgoing.changeCopy(index, { station: station.entity });
      await store.put(outgoing.record);
    } else if (meaning.kind === 'accepted') await sendStage.delivered(ref, station, text);
    else if (meaning.kind === 'unclear') outgoing.change(definedOnly({ receipt: text }));
    else await sendStage.finish(ref, { state: 'failed', error: meaning.code }, text);
  }

  /**
   * Anybody can make the ID of a station. While we do not know ours, a receipt has to name the signature at least: only
   * those who carried the message know it, but all members of a group know a serial number.
   */
  #isStation(from: ID, origin: NonNullable<ReceiptBody['origin']>): boolean {
    const station = this.#options.station();
    if (from.type !== EntityType.Station) return false;
    return station === undefined ? origin.signature !== undefined : sameEntity(from, station);
  }

  async #isReceiver(receiver: ID, from: ID): Promise<boolean> {
    if (!receiver.isGroup) return sameEntity(receiver, from);
    const members = await this.#options.facebook.members(receiver);
    return members.some((member) => sameEntity(member, from));
  }
}
