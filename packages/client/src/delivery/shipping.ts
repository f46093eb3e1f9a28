import type { Random, Timers } from '@dimp/core';
import { type ReceiptMeaning, receiptMeaning } from '@dimp/dkd';
import type { Facebook, ReceiptBody } from '@dimp/endpoint';
import { type ErrorCode, isProtocolError } from '@dimp/foundation';
import { EntityType, type ID, sameEntity } from '@dimp/mkm';
import { Confirmations } from './confirmations.ts';
import type { DeliveryState } from './delivery-state.ts';
import type { CopyRef, Entry } from './entry.ts';
import type { Introductions } from './introductions.ts';
import { Offers } from './offers.ts';
import type { Outbox } from './outbox.ts';
import type { OutboxRecord } from './outbox-record.ts';
import type { PackedMessage, Packing } from './packing.ts';
import { Resending, type ResendPolicy } from './resending.ts';
import { type HandOver, Transmission } from './transmission.ts';

/** What a {@link Shipping} is made with. */
export interface ShippingOptions {
  readonly facebook: Facebook;
  readonly outbox: Outbox;
  readonly packing: Packing;
  readonly introductions: Introductions;
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
  readonly onDone: (entry: Entry) => void;
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
export class Shipping {
  readonly #options: ShippingOptions;
  readonly #transmission: Transmission<Outgoing>;
  readonly #resending: Resending;
  readonly #confirmations = new Confirmations();
  readonly #offers: Offers;
  /** Messages of which a copy is in the transport's hands, or may have been in an earlier life. */
  readonly #handedOver = new WeakSet<Entry>();
  /** How many copies of a message are being handed over. */
  readonly #underWay = new WeakMap<Entry, number>();
  /** Records of messages that are done: of late, and before. */
  #done: OutboxRecord[] = [];
  #old: OutboxRecord[] = [];
  #stopped = false;

  constructor(options: ShippingOptions) {
    const { timers, random, policy, onFailure } = options;
    this.#options = options;
    this.#transmission = new Transmission({
      prepare: (outgoing) => this.#prepare(outgoing),
      timers,
      random,
      onFailure,
    });
    this.#offers = new Offers(policy);
    this.#resending = new Resending(policy, timers, random, (ref) => this.#resend(ref));
  }

  /** Sends a packed copy and waits for its receipt. */
  ship(ref: CopyRef, freight: Partial<Freight> = {}): void {
    this.#confirmations.add(ref);
    this.#push(ref, freight);
  }

  /** A copy was packed anew: what was sent before, its receiver cannot open. */
  async renew({ ref, bytes, facts }: PackedMessage): Promise<void> {
    const { entry, index } = ref;
    if (!isOpen(entry.copy(index).state)) return;
    this.#confirmations.remove(ref);
    this.#resending.cancel(ref);
    entry.repackCopy(index, facts);
    this.#confirmations.add(ref);
    await this.#options.outbox.put(entry.record, [{ index, bytes }]);
    this.#push(ref);
  }

  /**
   * Offers once more what a station says to have and no receiver confirms: stations lose messages, and are restored from
   * backups. When it is time for that is on disk.
   *
   * @param afterPause - the program was not running or not connected: what a timer would have done is done now
   */
  offer(entry: Entry, afterPause = false): void {
    const { facebook, station, refresh, overdue, policy } = this.#options;
    const now = facebook.clock.now();
    const here = station();
    for (const ref of entry.refs(({ state }) => state === 'delivered')) {
      const copy = entry.copy(ref.index);
      if (!entry.expectsReceipt(copy)) continue;
      const isDue = this.#offers.begin(ref, here, now);
      const isLate = afterPause && now - (copy.delivered ?? entry.since) >= policy.firstAfter;
      if (isDue || isLate) refresh(copy.receiver);
      if (isDue) this.#push(ref);
      const isAgain = copy.offered !== undefined && copy.station === here?.entity;
      if (isDue && isAgain) overdue();
    }
  }

  /** A copy that was packed in an earlier life, or by another tab: nobody knows whether it has been sent. */
  takeUp(ref: CopyRef): void {
    this.#handedOver.add(ref.entry);
    if (ref.entry.copy(ref.index).state === 'delivered') this.#confirmations.add(ref);
    else this.ship(ref);
  }

  /** Whether a copy of a message may have left already. */
  mayHaveLeft(entry: Entry): boolean {
    return this.#handedOver.has(entry) || (this.#underWay.get(entry) ?? 0) > 0;
  }

  /** Whether a message is too old to be sent any more. */
  isExpired(entry: Entry): boolean {
    const { facebook, policy } = this.#options;
    return facebook.clock.now() - entry.since > policy.expiresAfter;
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
    for (const ref of this.#confirmations.find(origin, to)) {
      const { entry, index } = ref;
      const { receiver, visaTime } = entry.copy(index);
      if (await this.#isReceiver(receiver, from)) {
        if (meaning.kind === 'refused' && meaning.code === 'crypto/decrypt') {
          // Older programs say so: whoever has other keys by now gets it packed anew.
          this.#options.refresh(receiver);
          continue;
        }
        if (visaTime !== undefined) await this.#options.introductions.confirm(to, from, visaTime);
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
    const { entry, index } = ref;
    entry.changeCopy(index, change, receipt);
    if (change.state !== 'sent') {
      this.#letGo(ref);
    }
    if (entry.record.settled) await this.settle(entry);
    // Alone it need not be on disk: after a restart the copy is sent again.
    else if (change.state !== 'sent' || this.#options.shared) {
      await this.#options.outbox.put(entry.record);
    }
  }

  /** A message is done: what failed is kept, for whoever wants to try again. */
  async settle(entry: Entry): Promise<void> {
    const { shared, outbox, onDone } = this.#options;
    const { hasFailed } = entry;
    if (hasFailed || shared) await outbox.put(entry.record);
    else await outbox.delete(entry.record);
    if (hasFailed) return;
    if (shared) this.retire(entry.record);
    onDone(entry);
  }

  /** Lets go of the copies of a message. */
  drop(entry: Entry): void {
    for (const ref of entry.refs()) {
      this.#options.packing.withdraw(ref);
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
    for (const record of old) await this.#options.outbox.delete(record);
  }

  /** The connection is back. */
  resume(): void {
    this.#transmission.resume();
  }

  /** Resolves when nothing more can be handed over for now. */
  async idle(): Promise<void> {
    await this.#transmission.idle();
  }

  stop(): void {
    this.#stopped = true;
    this.#transmission.stop();
    this.#resending.stop();
  }

  #push(ref: CopyRef, freight: Partial<Freight> = {}): void {
    const { message } = ref.entry.copy(ref.index);
    this.#transmission.push({ ref, message, ...freight });
  }

  #letGo(ref: CopyRef): void {
    this.#resending.cancel(ref);
    this.#offers.end(ref);
    this.#options.packing.forget(ref);
    this.#confirmations.remove(ref);
  }

  async #prepare({ ref, bytes, message, written }: Outgoing): Promise<HandOver | undefined> {
    if (written !== undefined && !(await written)) return undefined;
    const { entry, index } = ref;
    const { outbox } = this.#options;
    const isSame = entry.copy(index).message === message;
    const payload = (isSame ? bytes : undefined) ?? (await outbox.bytes(entry.id, index));
    const { state } = entry.copy(index);
    const isDue = state === 'delivered' ? this.#offers.isUnderWay(ref) : isOpen(state);
    if (payload === undefined || !isDue) {
      this.#offers.end(ref);
      return undefined;
    }
    if (!this.isExpired(entry)) return () => this.#handOver(ref, payload);
    await this.finish(ref, { state: 'failed', error: 'transport/timeout' });
    return undefined;
  }

  async #handOver(ref: CopyRef, payload: Uint8Array): Promise<void> {
    const { entry, index } = ref;
    const { transmit, mayHaveLeft, onFailure, shared } = this.#options;
    this.#underWay.set(entry, (this.#underWay.get(entry) ?? 0) + 1);
    try {
      await transmit(payload, entry.copy(index).receiver);
      this.#handedOver.add(entry);
    } catch (error) {
      if (mayHaveLeft(error)) this.#handedOver.add(entry);
      // It will never be taken, and others wait behind it.
      if (!isProtocolError(error) || !error.code.startsWith('format/')) throw error;
      onFailure(error);
      return this.finish(ref, { state: 'failed', error: error.code });
    } finally {
      this.#underWay.set(entry, (this.#underWay.get(entry) ?? 1) - 1);
    }
    // The tab that sends now knows better what has become of it.
    if (this.#stopped && shared) return;
    // A receipt may have come while the transport was busy.
    if (entry.copy(index).state === 'queued') await this.finish(ref, { state: 'sent' });
    const after = entry.copy(index);
    if (after.state === 'delivered') await this.#offered(ref);
    if (after.state === 'sent' && entry.expectsReceipt(after)) this.#resending.schedule(ref);
  }

  /** Nobody has confirmed a copy for a while: its receiver may have other keys by now, and says nothing of that. */
  async #resend(ref: CopyRef): Promise<void> {
    const { state, receiver } = ref.entry.copy(ref.index);
    this.#options.refresh(receiver);
    const renewed = await this.#options.renew(ref);
    if (state === 'delivered' || renewed) return;
    this.#push(ref);
    await this.#transmission.idle();
  }

  async #heardOfStation(
    ref: CopyRef,
    meaning: ReceiptMeaning,
    station: ID,
    text: string | undefined,
  ): Promise<void> {
    const { entry, index } = ref;
    const { state, station: before } = entry.copy(index);
    if (state === 'delivered') {
      // What a station has, the receiver may have meanwhile: it cannot be refused any more.
      if (meaning.kind !== 'accepted' || before === station.entity) return;
      entry.changeCopy(index, { station: station.entity });
      await this.#options.outbox.put(entry.record);
    } else if (meaning.kind === 'accepted') await this.#delivered(ref, station, text);
    else if (meaning.kind === 'unclear') entry.change(text === undefined ? {} : { receipt: text });
    else await this.finish(ref, { state: 'failed', error: meaning.code }, text);
  }

  async #delivered(ref: CopyRef, station: ID, receipt: string | undefined): Promise<void> {
    const { entry, index } = ref;
    const { outbox, facebook } = this.#options;
    this.#resending.cancel(ref);
    const delivered = facebook.clock.now();
    entry.changeCopy(index, { state: 'delivered', delivered, station: station.entity }, receipt);
    if (!this.#stopped && entry.expectsReceipt(entry.copy(index))) this.#resending.schedule(ref);
    await outbox.put(entry.record);
  }

  async #offered(ref: CopyRef): Promise<void> {
    const { entry, index } = ref;
    const { outbox, facebook } = this.#options;
    if (!this.#offers.end(ref)) return;
    entry.changeCopy(index, { offered: facebook.clock.now() });
    await outbox.put(entry.record);
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
