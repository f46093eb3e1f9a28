import type { Random, Timers } from '@dimp/core';
import type { Facebook } from '@dimp/endpoint';
import { type ErrorCode, isProtocolError } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import type { DeliveryState } from './delivery.ts';
import { Offers } from './offers.ts';
import type { OutboxRecord, OutboxStore } from './outbox-store.ts';
import { type CopyRef, keyOf, type OutgoingMessage } from './outgoing-message.ts';
import type { PackedCopy, PackStage } from './pack-stage.ts';
import type { ReceiptIndex } from './receipt-index.ts';
import type { Renewal } from './renewal.ts';
import { type ResendPolicy, ResendTimers } from './resend-timers.ts';
import { type HandOver, SendWindow } from './send-window.ts';

/** Options for {@link SendStage}. */
export interface SendStageOptions {
  readonly facebook: Facebook;
  readonly store: OutboxStore;
  readonly packStage: PackStage;
  readonly renewal: Renewal;
  readonly receiptIndex: ReceiptIndex;
  /** All messages that are not done. */
  readonly messages: Map<string, OutgoingMessage>;
  readonly timers: Timers;
  readonly random: Random;
  readonly policy: ResendPolicy;
  /** Hands bytes to the transport. */
  readonly transmit: (bytes: Uint8Array, receiver: ID) => Promise<void>;
  /** Whether bytes may have left although they could not be handed over. */
  readonly mayHaveLeft: (error: unknown) => boolean;
  /** Whether records of finished messages stay for a while, so that other tabs read them. */
  readonly shared: boolean;
  /** The station whose receipts tell that it has a message; undefined accepts any station's. */
  readonly station: () => ID | undefined;
  /** Asks whether a receiver has newer keys than those that are known. It must not be waited for. */
  readonly refresh: (receiver: ID) => void;
  /** Called when the station has had a message for long, and more than once, without its receiver confirming it. */
  readonly overdue: () => void;
  readonly onFailure: (error: unknown) => void;
}

/** A copy whose record is still being written. */
export interface PendingWrite {
  readonly bytes: Uint8Array;
  /** Resolves to false if the record could not be written: then the copy must not leave. */
  readonly written: Promise<boolean>;
}

interface QueuedCopy extends Partial<PendingWrite> {
  readonly ref: CopyRef;
  /** Name of the message in the bytes. The copy may have been packed anew since. */
  readonly message: string | undefined;
}

/** Third stage of an outgoing message: hands its packed copies to the transport, again and again, until they are confirmed. */
export class SendStage {
  readonly #options: SendStageOptions;
  readonly #sendWindow: SendWindow<QueuedCopy>;
  readonly #resendTimers: ResendTimers;
  readonly #offers: Offers;
  /** Messages of which a copy was handed to the transport, or may have been in an earlier run. */
  readonly #handedOver = new WeakSet<OutgoingMessage>();
  /** How many copies of a message are being handed over. */
  readonly #inFlight = new WeakMap<OutgoingMessage, number>();
  /** Texts of receipts for copies that were packed anew and have not left since. */
  readonly #confirmedBefore = new Map<string, string | undefined>();
  /** Records of finished messages: those of the last interval, and older ones. */
  #done: OutboxRecord[] = [];
  #old: OutboxRecord[] = [];
  #stopped = false;

  constructor(options: SendStageOptions) {
    const { timers, random, policy, onFailure } = options;
    this.#options = options;
    this.#sendWindow = new SendWindow({
      prepare: (queued) => this.#prepare(queued),
      timers,
      random,
      onFailure,
    });
    this.#offers = new Offers(policy);
    this.#resendTimers = new ResendTimers(policy, timers, random, (ref) => this.#resend(ref));
  }

  /** Queues a packed copy; a receipt for it counts from now on. */
  send(ref: CopyRef, pending: Partial<PendingWrite> = {}): void {
    this.#options.receiptIndex.add(ref);
    this.#enqueue(ref, pending);
  }

  /** Packs anew, and sends, what an entity cannot open with its present keys; without one, what any receiver cannot. */
  async renew(entity?: EntityKey): Promise<void> {
    await this.#options.renewal.renew(entity, (copy) => this.#sendRenewed(copy));
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
      if (isDue) this.#enqueue(ref);
      const isAgain = copy.offered !== undefined && copy.station === here?.entity;
      if (isDue && isAgain) overdue();
    }
  }

  /** Sends a copy that was packed in an earlier run, or by another tab; it may have left already. */
  resend(ref: CopyRef): void {
    this.#handedOver.add(ref.outgoing);
    if (ref.outgoing.copy(ref.index).state === 'delivered') this.#options.receiptIndex.add(ref);
    else this.send(ref);
  }

  /** Whether a copy of a message may have left already. */
  mayHaveLeft(outgoing: OutgoingMessage): boolean {
    return this.#handedOver.has(outgoing) || (this.#inFlight.get(outgoing) ?? 0) > 0;
  }

  /** Whether a message is too old to be sent. */
  isExpired(outgoing: OutgoingMessage): boolean {
    const { facebook, policy } = this.#options;
    return facebook.clock.now() - outgoing.since > policy.expiresAfter;
  }

  /** A station has a copy. */
  async delivered(ref: CopyRef, station: ID, receipt: string | undefined): Promise<void> {
    const { outgoing, index } = ref;
    const { store, facebook } = this.#options;
    this.#resendTimers.cancel(ref);
    const delivered = facebook.clock.now();
    outgoing.changeCopy(index, { state: 'delivered', delivered, station: station.entity }, receipt);
    if (!this.#stopped && outgoing.expectsReceipt(outgoing.copy(index))) {
      this.#resendTimers.schedule(ref);
    }
    await store.put(outgoing.record);
  }

  /**
   * The receiver has a copy. If it was packed anew and the new form has not left, it leaves first: the message behind it
   * names the new form, and its receiver would wait for that.
   */
  async received(ref: CopyRef, receipt: string | undefined): Promise<void> {
    const { state, former = [] } = ref.outgoing.copy(ref.index);
    if (state === 'queued' && former.length > 0) this.#confirmedBefore.set(keyOf(ref), receipt);
    else await this.finish(ref, { state: 'received' }, receipt);
  }

  /** A copy is too old to be sent. */
  async expire(ref: CopyRef): Promise<void> {
    const key = keyOf(ref);
    const isConfirmed = this.#confirmedBefore.has(key);
    if (isConfirmed) await this.finish(ref, { state: 'received' }, this.#confirmedBefore.get(key));
    else await this.finish(ref, { state: 'failed', error: 'transport/timeout' });
  }

  /** Notes the new state of a copy, and settles the message if that was the last one. */
  async finish(
    ref: CopyRef,
    change: { readonly state: 'sent' | 'received' | 'failed'; readonly error?: ErrorCode },
    receipt?: string,
  ): Promise<void> {
    const { outgoing, index } = ref;
    outgoing.changeCopy(index, change, receipt);
    if (change.state !== 'sent') this.#release(ref);
    if (outgoing.record.settled) await this.settle(outgoing);
    // The state `sent` need not be on disk: after a restart the copy is sent again.
    else if (change.state !== 'sent' || this.#options.shared) {
      await this.#options.store.put(outgoing.record);
    }
  }

  /** Removes a message that is done. A failed one is kept, because it can be tried again. */
  async settle(outgoing: OutgoingMessage): Promise<void> {
    const { shared, store } = this.#options;
    const { hasFailed } = outgoing;
    if (hasFailed || shared) await store.put(outgoing.record);
    else await store.delete(outgoing.record);
    if (hasFailed) return;
    if (shared) this.retire(outgoing.record);
    this.drop(outgoing);
  }

  /** Forgets a message and its copies; its record stays. */
  drop(outgoing: OutgoingMessage): void {
    this.#options.messages.delete(outgoing.order);
    for (const ref of outgoing.refs()) {
      this.#options.packStage.withdraw(ref);
      this.#release(ref);
    }
  }

  /** Deletes the record of a finished message when the other tabs have had time to read it. */
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

  #enqueue(ref: CopyRef, pending: Partial<PendingWrite> = {}): void {
    const { message } = ref.outgoing.copy(ref.index);
    this.#sendWindow.push({ ref, message, ...pending });
  }

  /** The window asks for the bytes of a copy. @returns undefined if it need not be sent any more */
  async #prepare({ ref, bytes, message, written }: QueuedCopy): Promise<HandOver | undefined> {
    if (written !== undefined && !(await written)) return undefined;
    const { outgoing, index } = ref;
    const isSame = outgoing.copy(index).message === message;
    const payload =
      (isSame ? bytes : undefined) ?? (await this.#options.store.bytes(outgoing.order, index));
    const { state } = outgoing.copy(index);
    const isDue = state === 'delivered' ? this.#offers.isUnderWay(ref) : isOpen(state);
    if (payload === undefined || !isDue) {
      this.#offers.end(ref);
      return undefined;
    }
    if (!this.isExpired(outgoing)) return () => this.#handOver(ref, payload);
    await this.expire(ref);
    return undefined;
  }

  async #handOver(ref: CopyRef, payload: Uint8Array): Promise<void> {
    const { outgoing, index } = ref;
    const { transmit, mayHaveLeft, onFailure } = this.#options;
    this.#inFlight.set(outgoing, (this.#inFlight.get(outgoing) ?? 0) + 1);
    try {
      await transmit(payload, outgoing.copy(index).receiver);
      this.#handedOver.add(outgoing);
    } catch (error) {
      if (mayHaveLeft(error)) this.#handedOver.add(outgoing);
      // The transport will never take it, and others wait behind it.
      if (!isProtocolError(error) || !error.code.startsWith('format/')) throw error;
      onFailure(error);
      return this.finish(ref, { state: 'failed', error: error.code });
    } finally {
      this.#inFlight.set(outgoing, (this.#inFlight.get(outgoing) ?? 1) - 1);
    }
    // The tab that sends now knows better what has become of it.
    if (!this.#stopped || !this.#options.shared) await this.#sent(ref);
  }

  /** The transport has taken a copy. */
  async #sent(ref: CopyRef): Promise<void> {
    const { outgoing, index } = ref;
    const key = keyOf(ref);
    if (this.#confirmedBefore.has(key)) {
      const receipt = this.#confirmedBefore.get(key);
      return this.finish(ref, { state: 'received' }, receipt);
    }
    // A receipt may have come while the transport was busy.
    if (outgoing.copy(index).state === 'queued') await this.finish(ref, { state: 'sent' });
    const after = outgoing.copy(index);
    if (after.state === 'delivered') await this.#offered(ref);
    if (after.state === 'sent' && outgoing.expectsReceipt(after)) this.#resendTimers.schedule(ref);
  }

  /** A copy was not confirmed in time: its receiver may have other keys by now and stay silent. */
  async #resend(ref: CopyRef): Promise<void> {
    const { refresh, renewal } = this.#options;
    const { state, receiver } = ref.outgoing.copy(ref.index);
    refresh(receiver);
    const renewed = await renewal.renewCopy(ref, (copy) => this.#sendRenewed(copy));
    if (state === 'delivered' || renewed) return;
    this.#enqueue(ref);
    await this.#sendWindow.idle();
  }

  /** A copy was packed anew, because its receiver cannot open what was sent before. */
  async #sendRenewed({ ref, bytes, facts }: PackedCopy): Promise<void> {
    const { outgoing, index } = ref;
    const { receiptIndex, store } = this.#options;
    if (!isOpen(outgoing.copy(index).state)) return;
    receiptIndex.remove(ref);
    this.#resendTimers.cancel(ref);
    outgoing.repackCopy(index, facts);
    receiptIndex.add(ref);
    await store.put(outgoing.record, [{ index, bytes }]);
    this.#enqueue(ref);
  }

  async #offered(ref: CopyRef): Promise<void> {
    const { outgoing, index } = ref;
    const { store, facebook } = this.#options;
    if (!this.#offers.end(ref)) return;
    outgoing.changeCopy(index, { offered: facebook.clock.now() });
    await store.put(outgoing.record);
  }

  #release(ref: CopyRef): void {
    this.#resendTimers.cancel(ref);
    this.#offers.end(ref);
    this.#options.packStage.forget(ref);
    this.#options.receiptIndex.remove(ref);
    this.#confirmedBefore.delete(keyOf(ref));
  }
}

function isOpen(state: DeliveryState): boolean {
  return state === 'queued' || state === 'sent' || state === 'delivered';
}
