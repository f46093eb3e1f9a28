import type { Random, Timers, Waiting } from '@dimp/core';
import type { Content } from '@dimp/dkd';
import type { ReceiptBody } from '@dimp/endpoint';
import { isProtocolError, ProtocolError } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import type { GroupForm, MessagePacker } from '../messenger/message-packer.ts';
import type { Delivery, DeliveryControl } from './delivery.ts';
import { Entry } from './entry.ts';
import type { Introductions } from './introductions.ts';
import type { Outbox } from './outbox.ts';
import type { OutboxRecord } from './outbox-record.ts';
import { Packing } from './packing.ts';
import { Preparation } from './preparation.ts';
import { ReceiverKeys } from './receiver-keys.ts';
import { Renewal } from './renewal.ts';
import type { ResendPolicy } from './resending.ts';
import { Shipping } from './shipping.ts';

/** What a {@link Dispatcher} is made with. */
export interface DispatcherOptions {
  readonly packer: MessagePacker;
  readonly outbox: Outbox;
  readonly introductions: Introductions;
  readonly timers: Timers;
  readonly random: Random;
  readonly policy: ResendPolicy;
  /** Hands bytes to the transport. */
  readonly transmit: (bytes: Uint8Array, receiver: ID) => Promise<void>;
  /** Whether bytes may have left although they could not be handed over. */
  readonly mayHaveLeft: (error: unknown) => boolean;
  /** Asks the network for what is missing. */
  readonly ask: (missing: Waiting) => Promise<void>;
  /** Asks whether a receiver has newer keys than those that are known. It must not be waited for. */
  readonly refresh: (receiver: ID) => void;
  /** The station has had a message for long, and more than once, that its receiver does not confirm. */
  readonly overdue: () => void;
  /** Does something that the message on disk does not depend on. */
  readonly aside: (task: () => Promise<void>) => Promise<void>;
  /** Records that are done stay for a while, so that other tabs hear of it. */
  readonly shared: boolean;
  /** Whose receipts tell that a message has got as far as a station; any station's if it is not known. */
  readonly station: () => ID | undefined;
  readonly onFailure: (error: unknown) => void;
  /** Told of records that cannot be read; they stay where they are. */
  readonly onDamaged: (error: unknown) => void;
}

/** Looks after outgoing messages, from the outbox until they have arrived: what their senders hold in hand is here. */
export class Dispatcher implements DeliveryControl {
  readonly #options: DispatcherOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #packing: Packing;
  readonly #shipping: Shipping;
  readonly #preparation: Preparation;
  readonly #renewal: Renewal;
  /** Records that are being written for another tab to send. */
  readonly #writing = new Set<Promise<void>>();
  #takingOver: Promise<void> | undefined;
  #isTakingOver = false;
  #leading = false;
  #stopped = false;

  constructor(options: DispatcherOptions) {
    const { packer, outbox, introductions } = options;
    this.#options = options;
    const receiverKeys = new ReceiverKeys(packer.facebook);
    this.#packing = new Packing(packer, introductions, receiverKeys);
    this.#shipping = new Shipping({
      ...options,
      facebook: packer.facebook,
      packing: this.#packing,
      renew: (ref) => this.#renewal.renewCopy(ref),
      onDone: (entry) => this.#drop(entry),
    });
    this.#preparation = new Preparation({
      packer,
      outbox,
      packing: this.#packing,
      shipping: this.#shipping,
      entries: this.#entries,
      ask: options.ask,
    });
    this.#renewal = new Renewal({
      packing: this.#packing,
      shipping: this.#shipping,
      receiverKeys,
      entries: this.#entries,
      clock: packer.facebook.clock,
      // The first repetition comes after half to all of this.
      patience: options.policy.firstAfter / 2,
    });
  }

  /** Takes over the store's outbox: everything unsettled in it goes on its way. */
  lead(): Promise<void> {
    this.#takingOver ??= this.#takeOver().catch((error: unknown) => {
      this.#takingOver = undefined;
      throw error;
    });
    return this.#takingOver;
  }

  /** All messages that are not done: under way, or given up and not discarded. */
  deliveries(): readonly Delivery[] {
    return [...this.#entries.values()]
      .filter(({ record, hasFailed }) => !record.settled || hasFailed)
      .map(({ delivery }) => delivery);
  }

  /** Puts a message on disk and on its way; resolves when it is on disk. */
  async enqueue(
    content: Content,
    sender: ID,
    receiver: ID,
    form: GroupForm | undefined,
  ): Promise<Delivery> {
    // Looked at once more after each pause: what is written behind the list of a taking over would be nobody's.
    while (this.#isTakingOver) await this.#tookOver();
    const personal = receiver.isUser || receiver.isBroadcast;
    const record: OutboxRecord = {
      id: this.#options.outbox.nextID(),
      sender,
      receiver,
      content: content.wire,
      created: this.#options.packer.facebook.clock.now(),
      ...(form === undefined ? {} : { form }),
      copies: personal ? [{ receiver, state: 'queued' }] : [],
      settled: false,
    };
    const entry = new Entry(record, content, this);
    this.#entries.set(record.id, entry);
    try {
      if (this.#leading) {
        const missing = await this.#preparation.advance(entry);
        await this.#options.aside(() => this.#preparation.askAll(missing));
      } else await this.#leaveToLeader(record);
    } catch (error) {
      this.#drop(entry);
      throw error;
    }
    if (this.#stopped) entry.delivery.end();
    return entry.delivery;
  }

  /** A meta, a visa or a member list has arrived: whatever waited for it goes on. */
  async release(entity: EntityKey): Promise<void> {
    // What was sent first goes first.
    if (this.#leading) await this.#renewal.renew(entity);
    await this.#preparation.release(entity);
  }

  /** Asks again for what messages wait for, and gives up those that are too old. */
  async tend(): Promise<void> {
    this.#packing.reduceMemory();
    if (!this.#leading) return;
    await this.#shipping.sweep();
    for (const entry of [...this.#entries.values()]) {
      if (entry.record.settled) continue;
      if (this.#shipping.isExpired(entry)) await this.#expire(entry);
      else this.#shipping.offer(entry);
    }
    await this.#askAgain();
  }

  /** The connection is back: what waits to be sent is sent, and what messages wait for is asked for. */
  async resume(): Promise<void> {
    this.#shipping.resume();
    if (!this.#leading) return;
    await this.#askAgain();
    this.#offerAll();
  }

  /** Notes a receipt, see {@link Shipping.confirm}. */
  confirm(body: ReceiptBody, from: ID, to: ID): Promise<void> {
    return this.#shipping.confirm(body, from, to);
  }

  async cancel(id: string): Promise<boolean> {
    if (this.#stopped) throw stopped();
    const entry = this.#entries.get(id);
    if (entry === undefined || !this.#leading) return false;
    const early = entry.record.copies.every(
      ({ state }) => state === 'queued' || state === 'waiting',
    );
    if (!early || this.#shipping.mayHaveLeft(entry)) return false;
    entry.fail('state/stopped');
    this.#drop(entry);
    await this.#options.outbox.delete(entry.record);
    return true;
  }

  async retry(id: string): Promise<void> {
    if (this.#stopped) throw stopped();
    const entry = this.#entries.get(id);
    if (entry === undefined || !this.#leading) throw notHere();
    const failed = entry.refs(({ state }) => state === 'failed');
    if (failed.length === 0) return;
    entry.revive(this.#options.packer.facebook.clock.now());
    await this.#options.outbox.put(entry.record);
    for (const ref of failed) {
      if (entry.record.copies[ref.index]?.message !== undefined) this.#shipping.ship(ref);
    }
    await this.#preparation.advanceOrFail(entry);
  }

  async discard(id: string): Promise<void> {
    if (this.#stopped) throw stopped();
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    if (!entry.record.settled) throw new RangeError('the message is still on its way');
    await this.#options.outbox.delete(entry.record);
    this.#entries.delete(id);
  }

  /** Another tab has changed the record of a message. */
  async refresh(id: string): Promise<void> {
    await this.#tookOver();
    const record = await this.#options.outbox.get(id);
    const entry = this.#entries.get(id);
    if (record === undefined) {
      if (entry === undefined) return;
      // Of those who do not send, one may have discarded what was given up; what was under way has been cancelled.
      if (!this.#leading && !entry.record.settled) entry.fail('state/stopped');
      if (entry.record.settled) this.#entries.delete(id);
    } else if (this.#leading) {
      if (entry === undefined) await this.#adopt(record);
    } else {
      entry?.replace(record);
    }
  }

  /** Another tab may have changed any record, or removed it. */
  async refreshAll(): Promise<void> {
    const known = [...this.#entries.keys()];
    // What is only just being written is not there yet, and not removed.
    await Promise.allSettled(this.#writing);
    for (const id of known) await this.refresh(id);
    if (!this.#leading) return;
    for await (const { id, settled } of this.#options.outbox.list(this.#options.onDamaged)) {
      if (!settled && !this.#entries.has(id)) await this.refresh(id);
    }
  }

  /** Resolves when nothing more can be done for now. */
  idle(): Promise<void> {
    return this.#shipping.idle();
  }

  stop(): void {
    this.#stopped = true;
    this.#leading = false;
    this.#shipping.stop();
    for (const { delivery } of this.#entries.values()) delivery.end();
  }

  /** Who comes while the outbox is being taken over waits, so that nothing is missed and everything stays in order. */
  async #tookOver(): Promise<void> {
    await this.#takingOver?.catch(() => undefined);
  }

  async #takeOver(): Promise<void> {
    this.#isTakingOver = true;
    try {
      await this.#adoptAll();
    } finally {
      this.#isTakingOver = false;
    }
  }

  async #adoptAll(): Promise<void> {
    // Written by us for the tab that led until now: it has to be in the list.
    await Promise.allSettled(this.#writing);
    const records: OutboxRecord[] = [];
    const { outbox, onDamaged } = this.#options;
    for await (const record of outbox.list(onDamaged)) records.push(record);
    if (this.#stopped) return;
    this.#leading = true;
    for (const record of records) {
      try {
        await this.#adopt(record);
      } catch (error) {
        // Its content is of a type that is no longer registered, say: it does not keep the others back.
        if (!isProtocolError(error) || error.code.startsWith('store/')) throw error;
        onDamaged(error);
      }
    }
    await this.#renewal.renew();
    this.#offerAll();
  }

  #offerAll(): void {
    for (const entry of this.#entries.values()) this.#shipping.offer(entry, true);
  }

  async #leaveToLeader(record: OutboxRecord): Promise<void> {
    const writing: Promise<void> = this.#options.outbox
      .put(record)
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
    await writing;
  }

  /** A message of an earlier life, or of another tab. */
  async #adopt(record: OutboxRecord): Promise<void> {
    const known = this.#entries.get(record.id);
    known?.replace(record);
    const content = this.#options.packer.facebook.protocol.contents.parse(record.content);
    const entry = known ?? new Entry(record, content, this);
    if (record.settled && !entry.hasFailed) {
      if (this.#options.shared) this.#shipping.retire(record);
      else await this.#options.outbox.delete(record);
      this.#entries.delete(record.id);
      return;
    }
    this.#entries.set(record.id, entry);
    for (const ref of entry.refs(({ message }) => message !== undefined)) {
      const { state } = entry.copy(ref.index);
      if (state === 'received' || state === 'failed') continue;
      this.#packing.recall(ref);
      this.#shipping.takeUp(ref);
    }
    if (!record.settled) await this.#preparation.advanceOrFail(entry);
  }

  async #askAgain(): Promise<void> {
    const missing = new Map<string, Waiting>();
    for (const { record } of this.#entries.values()) {
      const { waitingFor } = record;
      if (waitingFor !== undefined)
        missing.set(`${waitingFor.for} ${waitingFor.id.entity}`, waitingFor);
    }
    await this.#preparation.askAll([...missing.values()]);
  }

  async #expire(entry: Entry): Promise<void> {
    const packed = entry.refs(({ message, state }) => message !== undefined && isOpen(state));
    await this.#preparation.giveUp(entry, 'identity/not-found');
    for (const ref of packed) {
      await this.#shipping.finish(ref, { state: 'failed', error: 'transport/timeout' });
    }
  }

  #drop(entry: Entry): void {
    this.#entries.delete(entry.id);
    this.#shipping.drop(entry);
  }
}

function isOpen(state: string): boolean {
  return state !== 'received' && state !== 'failed';
}

function notHere(): ProtocolError<'state/not-ready'> {
  return new ProtocolError('state/not-ready', 'another tab sends the messages of this store');
}

function stopped(): ProtocolError<'state/stopped'> {
  return new ProtocolError('state/stopped', 'messenger has been disposed of');
}
