import type { Random, Timers } from '@dimp/core';
import { type ReceiptMeaning, receiptMeaning } from '@dimp/dkd';
import type { Facebook, ReceiptBody } from '@dimp/endpoint';
import { type ErrorCode, isProtocolError } from '@dimp/foundation';
import { EntityType, type ID, sameEntity } from '@dimp/mkm';
import type { CopyPacker, PackedMessage } from './copy-packer.ts';
import type { DeliveryState } from './delivery-state.ts';
import type { IntroducedPeers } from './introduced-peers.ts';
import { Offers } from './offers.ts';
import type { OutboxRecord } from './outbox-record.ts';
import type { OutboxStore } from './outbox-store.ts';
import type { CopyRef, OutgoingMessage } from './outgoing-message.ts';
import { ReceiptIndex } from './receipt-index.ts';
import { type ResendPolicy, ResendTimers } from './resend-timers.ts';
import { type HandOver, SendWindow } from './send-window.ts';

/** What a {@link SendStage} is made with. */
export interface SendStageOptions {
  readonly facebook: Facebook;
  readonly store: OutboxStore;
  readonly copyPacker: CopyPacker;
  readonly introducedPeers: IntroducedPeers;
  readonly timers: Timers;
  readonly random: Random;
  readonly policy: ResendPolicy;
  /** Hands bytes to the transport. */
  readonly transmit: (bytes: Uint8Array, receiver: ID) => Promise<void>;
  /** Whether bytes may have left although they could not be handed over. */
  readonly mayHaveLeft: (error: unknown) => boolean;
  /** Records that are done stay for a while, so that other tabs hear of it. */
  readonly shared: boolean;
  /** Whose receipts tell that a message has got as far as a station; any station's if it is not known. */
  readonly station: () => ID | undefined;
  /** Asks whether a receiver has newer keys than those that are known. It must not be waited for. */
  readonly refresh: (receiver: ID) => void;
  /** The station has had a message for long, and more than once, that its receiver does not confirm. */
  readonly overdue: () => void;
  /** Packs a copy anew, and sends it, if its receiver has other keys by now. @returns whether it has done so */
  readonly renew: (ref: CopyRef) => Promise<boolean>;
  readonly onFailure: (error: unknown) => void;
  /** A message has got to all its receivers. */
  readonly onDone: (outgoing: OutgoingMessage) => void;
}

/** What is known of a copy that is to be shipped for the first time. */
export interface Freight {
  readonly bytes: Uint8Array;
  /** Nothing leaves before it is on disk; false if it could not be written. */
  readonly written: Promise<boolean>;
}

interface Outgoing extends Partial<Freight> {
  readonly ref: CopyRef;
  /** Name of the message that the bytes are: it may have been packed anew meanwhile. */
  readonly message: string | undefined;
}

/** Carries packed copies to the transport, again and again, until they are confirmed. */
export class SendStage {
  readonly #options: SendStageOptions;
  readonly #sendWindow: SendWindow<Outgoing>;
  readonly #resendTimers: ResendTimers;
  readonly #receiptIndex = new ReceiptIndex();
  readonly #offers: Offers;
  /** Messages of which a copy is in the transport's hands, or may have been in an earlier lifecycle. */
  readonly #handedOver = new WeakSet<OutgoingMessage>();
  /** How many copies of a message are being handed over. */
  readonly #underWay = new WeakMap<OutgoingMessage, number>();
  /** Records of messages that are done: of late, and before. */
  #done: OutboxRecord[] = [];
  #old: OutboxRecord[] = [];
  #stopped = false;

  constructor(options: SendStageOptions) {
    const { timers, random, policy, onFailure } = options;
    this.#options = options;
    this.#sendWindow = new SendWindow({
      prepare: (outgoing) => this.#prepare(outgoing),
      timers,
      random,
      onFailure,
    });
    this.#offers = new Offers(policy);
    this.#resendTimers = new ResendTimers(policy, timers, random, (ref) => this.#resend(ref));
  }

  /** Sends a packed copy and waits for its receipt. */
  ship(ref: CopyRef, freight: Partial<Freight> = {}): void {
    this.#receiptIndex.add(ref);
    this.#push(ref, freight);
  }

  /** A copy was packed anew: what was sent before, its receiver cannot open. */
  async renew({ ref, bytes, facts }: PackedMessage): Promise<void> {
    const { outgoing, index } = ref;
    if (!isOpen(outgoing.copy(index).state)) return;
    this.#receiptIndex.remove(ref);
    this.#resendTimers.cancel(ref);
    outgoing.repackCopy(index, facts);
    this.#receiptIndex.add(ref);
    await this.#options.store.put(outgoing.record, [{ index, bytes }]);
    this.#push(ref);
  }

  /**
   * Offers once more what a station says to have and no receiver confirms: stations lose messages, and are restored from
   * backups. When it is time for that is on disk.
   *
   * @param afterPause - the program was not running or not connected: what a timer would have done is done now
   */
  offer(outgoing: OutgoingMessage, afterPause = false): void {
    const { facebook, station, refresh, overdue, policy } = this.#options;
    const now = facebook.clock.now();
    const here = station();
    for (const ref of outgoing.refs(({ state }) => state === 'delivered')) {
      const copy = outgoing.copy(ref.index);
      if (!outgoing.expectsReceipt(copy)) continue;
      const isDue = this.#offers.begin(ref, here, now);
      const isLate = afterPause && now - (copy.delivered ?? outgoing.since) >= policy.firstAfter;
      if (isDue || isLate) refresh(copy.receiver);
      if (isDue) this.#push(ref);
      const isAgain = copy.offered !== undefined && copy.station === here?.entity;
      if (isDue && isAgain) overdue();
    }
  }

  /** A copy that was packed in an earlier lifecycle, or by another tab: nobody knows whether it has been sent. */
  takeUp(ref: CopyRef): void {
    this.#handedOver.add(ref.outgoing);
    if (ref.outgoing.copy(ref.index).state === 'delivered') this.#receiptIndex.add(ref);
    else this.ship(ref);
  }

  /** Whether a copy of a message may have left already. */
  mayHaveLeft(outgoing: OutgoingMessage): boolean {
    return this.#handedOver.has(outgoing) || (this.#underWay.get(outgoing) ?? 0) > 0;
  }

  /** Whether a message is too old to be sent any more. */
  isExpired(outgoing: OutgoingMessage): boolean {
    const { facebook, policy } = this.#options;
    return facebook.clock.now() - outgoing.since > policy.expiresAfter;
  }

  /**
   * Notes a receipt.
   *
   * @param from - who sent it: the receiver of the message, or a station on the way
   * @param to - the user of ours it is addressed to
   */
  async confirm(body: ReceiptBody, from: ID, to: ID): Promise<void> {
    const { origin, text } = body;
    if (origin === undefined || !sameEntity(origin.sender, to)) return;
    const meaning = receiptMeaning(body);
    for (const ref of this.#receiptIndex.find(origin, to)) {
      const { outgoing, index } = ref;
      const { receiver, visaTime } = outgoing.copy(index);
      if (await this.#isReceiver(receiver, from)) {
        if (meaning.kind === 'refused' && meaning.code === 'crypto/decrypt') {
          // Older programs say so: whoever has other keys by now gets it packed anew.
          this.#options.refresh(receiver);
          continue;
        }
        if (visaTime !== undefined) await this.#options.introducedPeers.confirm(to, from, visaTime);
        await this.finish(ref, { state: 'received' }, text);
      } else if (this.#isStation(from, origin)) {
        await this.#heardOfStation(ref, meaning, from, text);
      }
    }
  }

  /** Notes a new state of a copy, and ends the message if that was the last one. */
  async finish(
    ref: CopyRef,
    change: { readonly state: 'sent' | 'received' | 'failed'; readonly error?: ErrorCode },
    receipt?: string,
  ): Promise<void> {
    const { outgoing, index } = ref;
    outgoing.changeCopy(index, change, receipt);
    if (change.state !== 'sent') {
      this.#letGo(ref);
    }
    if (outgoing.record.settled) await this.settle(outgoing);
    // Alone it need not be on disk: after a restart the copy is sent again.
    else if (change.state !== 'sent' || this.#options.shared) {
      await this.#options.store.put(outgoing.record);
    }
  }

  /** A message is done: what failed is kept, for whoever wants to try again. */
  async settle(outgoing: OutgoingMessage): Promise<void> {
    const { shared, store, onDone } = this.#options;
    const { hasFailed } = outgoing;
    if (hasFailed || shared) await store.put(outgoing.record);
    else await store.delete(outgoing.record);
    if (hasFailed) return;
    if (shared) this.retire(outgoing.record);
    onDone(outgoing);
  }

  /** Lets go of the copies of a message. */
  drop(outgoing: OutgoingMessage): void {
    for (const ref of outgoing.refs()) {
      this.#options.copyPacker.withdraw(ref);
      this.#letGo(ref);
    }
  }

  /** Forgets the record of a message that is done, when the other tabs have had time to hear of it. */
  retire(record: OutboxRecord): void {
    this.#done.push(record);
  }

  /** Called every few minutes. */
  async sweep(): Promise<void> {
    const old = this.#old;
    this.#old = this.#done;
    this.#done = [];
    for (const record of old) await this.#options.store.delete(record);
  }

  /** The connection is back. */
  resume(): void {
    this.#sendWindow.resume();
  }

  /** Resolves when nothing more can be handed over for now. */
  async idle(): Promise<void> {
    await this.#sendWindow.idle();
  }

  stop(): void {
    this.#stopped = true;
    this.#sendWindow.stop();
    this.#resendTimers.stop();
  }

  #push(ref: CopyRef, freight: Partial<Freight> = {}): void {
    const { message } = ref.outgoing.copy(ref.index);
    this.#sendWindow.push({ ref, message, ...freight });
  }

  #letGo(ref: CopyRef): void {
    this.#resendTimers.cancel(ref);
    this.#offers.end(ref);
    this.#options.copyPacker.forget(ref);
    this.#receiptIndex.remove(ref);
  }

  async #prepare({ ref, bytes, message, written }: Outgoing): Promise<HandOver | undefined> {
    if (written !== undefined && !(await written)) return undefined;
    const { outgoing, index } = ref;
    const { store } = this.#options;
    const isSame = outgoing.copy(index).message === message;
    const payload = (isSame ? bytes : undefined) ?? (await store.bytes(outgoing.id, index));
    const { state } = outgoing.copy(index);
    const isDue = state === 'delivered' ? this.#offers.isUnderWay(ref) : isOpen(state);
    if (payload === undefined || !isDue) {
      this.#offers.end(ref);
      return undefined;
    }
    if (!this.isExpired(outgoing)) return () => this.#handOver(ref, payload);
    await this.finish(ref, { state: 'failed', error: 'transport/timeout' });
    return undefined;
  }

  async #handOver(ref: CopyRef, payload: Uint8Array): Promise<void> {
    const { outgoing, index } = ref;
    const { transmit, mayHaveLeft, onFailure, shared } = this.#options;
    this.#underWay.set(outgoing, (this.#underWay.get(outgoing) ?? 0) + 1);
    try {
      await transmit(payload, outgoing.copy(index).receiver);
      this.#handedOver.add(outgoing);
    } catch (error) {
      if (mayHaveLeft(error)) this.#handedOver.add(outgoing);
      // It will never be taken, and others wait behind it.
      if (!isProtocolError(error) || !error.code.startsWith('format/')) throw error;
      onFailure(error);
      return this.finish(ref, { state: 'failed', error: error.code });
    } finally {
      this.#underWay.set(outgoing, (this.#underWay.get(outgoing) ?? 1) - 1);
    }
    // The tab that sends now knows better what has become of it.
    if (this.#stopped && shared) return;
    // A receipt may have come while the transport was busy.
    if (outgoing.copy(index).state === 'queued') await this.finish(ref, { state: 'sent' });
    const after = outgoing.copy(index);
    if (after.state === 'delivered') await this.#offered(ref);
    if (after.state === 'sent' && outgoing.expectsReceipt(after)) this.#resendTimers.schedule(ref);
  }

  /** Nobody has confirmed a copy for a while: its receiver may have other keys by now, and says nothing of that. */
  async #resend(ref: CopyRef): Promise<void> {
    const { state, receiver } = ref.outgoing.copy(ref.index);
    this.#options.refresh(receiver);
    const renewed = await this.#options.renew(ref);
    if (state === 'delivered' || renewed) return;
    this.#push(ref);
    await this.#sendWindow.idle();
  }

  async #heardOfStation(
    ref: CopyRef,
    meaning: ReceiptMeaning,
    station: ID,
    text: string | undefined,
  ): Promise<void> {
    const { outgoing, index } = ref;
    const { state, station: before } = outgoing.copy(index);
    if (state === 'delivered') {
      // What a station has, the receiver may have meanwhile: it cannot be refused any more.
      if (meaning.kind !== 'accepted' || before === station.entity) return;
      outgoing.changeCopy(index, { station: station.entity });
      await this.#options.store.put(outgoing.record);
    } else if (meaning.kind === 'accepted') await this.#delivered(ref, station, text);
    else if (meaning.kind === 'unclear')
      outgoing.change(text === undefined ? {} : { receipt: text });
    else await this.finish(ref, { state: 'failed', error: meaning.code }, text);
  }

  async #delivered(ref: CopyRef, station: ID, receipt: string | undefined): Promise<void> {
    const { outgoing, index } = ref;
    const { store, facebook } = this.#options;
    this.#resendTimers.cancel(ref);
    const delivered = facebook.clock.now();
    outgoing.changeCopy(index, { state: 'delivered', delivered, station: station.entity }, receipt);
    if (!this.#stopped && outgoing.expectsReceipt(outgoing.copy(index)))
      this.#resendTimers.schedule(ref);
    await store.put(outgoing.record);
  }

  async #offered(ref: CopyRef): Promise<void> {
    const { outgoing, index } = ref;
    const { store, facebook } = this.#options;
    if (!this.#offers.end(ref)) return;
    outgoing.changeCopy(index, { offered: facebook.clock.now() });
    await store.put(outgoing.record);
  }

  /**
   * Anybody can make the ID of a station. While we do not know ours, a receipt has to name the signature at least: it is
   * known to whoever carried the message, but a serial number is to all members of a group.
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

function isOpen(state: DeliveryState): boolean {
  return state === 'queued' || state === 'sent' || state === 'delivered';
}
