import { isWaiting, type Random, type Timers, type Waiting, waiting } from '@dimp/core';
import type { Content } from '@dimp/dkd';
import { type ErrorCode, isProtocolError, ProtocolError } from '@dimp/foundation';
import { type EntityKey, EntityType, type ID, sameEntity } from '@dimp/mkm';
import { type GroupForm, groupFormFor, type MessagePacker } from '../messenger/message-packer.ts';
import type { ReceiptBody } from '../processing/bodies.ts';
import { Confirmations } from './confirmations.ts';
import type { Delivery, DeliveryControl } from './delivery.ts';
import { type CopyRef, Entry } from './entry.ts';
import type { Introductions } from './introductions.ts';
import type { Outbox } from './outbox.ts';
import type { OutboxRecord } from './outbox-record.ts';
import { type PackedMessage, Packing } from './packing.ts';
import { Resending, type ResendPolicy } from './resending.ts';
import { Transmission } from './transmission.ts';

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
  /** Asks the network for what is missing. */
  readonly ask: (missing: Waiting) => Promise<void>;
  /** Records that are done stay for a while, so that other tabs hear of it. */
  readonly shared: boolean;
  /** Whose receipts tell that a message has got as far as a station; any station's if it is not known. */
  readonly station?: ID;
  readonly onFailure: (error: unknown) => void;
}

/** A copy in the transmission's queue. */
interface Outgoing {
  readonly ref: CopyRef;
  /** The bytes, until they have been handed over once. */
  readonly bytes?: Uint8Array;
  /** Nothing leaves before it is on disk. */
  readonly written?: Promise<boolean>;
}

/** Carries outgoing messages from the outbox to the transport, again and again, until they are confirmed. */
export class Dispatcher implements DeliveryControl {
  readonly #options: DispatcherOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #packing: Packing;
  readonly #transmission: Transmission<Outgoing>;
  readonly #resending: Resending;
  readonly #confirmations = new Confirmations();
  #leading = false;

  constructor(options: DispatcherOptions) {
    const { packer, introductions, timers, random, policy, onFailure } = options;
    this.#options = options;
    this.#packing = new Packing(packer, introductions);
    this.#transmission = new Transmission({
      transmit: (outgoing) => this.#transmit(outgoing),
      timers,
      random,
      onFailure,
    });
    this.#resending = new Resending(policy, timers, random, (ref) => this.#resend(ref));
  }

  /** Takes over the store's outbox: everything unsettled in it goes on its way. */
  async lead(): Promise<void> {
    if (this.#leading) return;
    const records: OutboxRecord[] = [];
    for await (const record of this.#options.outbox.list()) records.push(record);
    this.#leading = true;
    for (const record of records) await this.#adopt(record);
  }

  /** All messages that are not done: under way, or given up and not discarded. */
  deliveries(): readonly Delivery[] {
    return [...this.#entries.values()].map(({ delivery }) => delivery);
  }

  /** Puts a message on disk and on its way; resolves when it is on disk. */
  async enqueue(
    content: Content,
    sender: ID,
    receiver: ID,
    form: GroupForm | undefined,
  ): Promise<Delivery> {
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
      if (this.#leading) await this.#advance(entry);
      else await this.#options.outbox.put(record);
    } catch (error) {
      this.#drop(entry);
      throw error;
    }
    return entry.delivery;
  }

  /** A meta, a visa or a member list has arrived: whatever waited for it goes on. */
  async release(entity: EntityKey): Promise<void> {
    const groups = [...this.#entries.values()].filter(({ record }) => {
      const { waitingFor } = record;
      return waitingFor?.for === 'members' && waitingFor.id.entity === entity;
    });
    for (const entry of groups) await this.#advanceOrFail(entry);
    this.#packing.open(entity);
    // Behind the first of a lane others wait, and new ones may have joined them meanwhile.
    for (let refs = this.#packing.released(); refs.length > 0; refs = this.#packing.released()) {
      for (const entry of new Set(refs.map((ref) => ref.entry))) await this.#advanceOrFail(entry);
    }
  }

  /**
   * Asks again for what messages wait for, and gives up those that wait too long.
   *
   * @param now - milliseconds since the epoch
   */
  async tend(now: number): Promise<void> {
    this.#packing.reduceMemory();
    if (!this.#leading) return;
    for (const entry of [...this.#entries.values()]) {
      const { created, waitingFor } = entry.record;
      if (waitingFor === undefined) continue;
      if (now - created > this.#options.policy.expiresAfter) {
        await this.#giveUp(entry, 'identity/not-found');
      } else {
        await this.#ask(waitingFor);
      }
    }
  }

  /** The connection is back. */
  resume(): void {
    this.#transmission.resume();
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
    for (const ref of this.#confirmations.find(origin, to)) {
      const { entry, index } = ref;
      const copy = entry.copy(index);
      if (text !== undefined) entry.change({ receipt: text });
      if (await this.#isReceiver(copy.receiver, from)) {
        const { visaTime } = copy;
        if (visaTime !== undefined) await this.#options.introductions.confirm(to, from, visaTime);
        await this.#finish(ref, { state: 'received' });
      } else if (this.#isStation(from) && copy.state !== 'delivered') {
        const refusal = refusalOf(text);
        if (refusal !== undefined) await this.#finish(ref, { state: 'failed', error: refusal });
        else await this.#delivered(ref);
      }
    }
  }

  async cancel(id: string): Promise<boolean> {
    const entry = this.#entries.get(id);
    if (entry === undefined || !this.#leading) return false;
    const early = (state: string): boolean => state === 'queued' || state === 'waiting';
    if (!entry.record.copies.every(({ state }) => early(state))) return false;
    for (const ref of entry.refs()) this.#packing.withdraw(ref);
    entry.fail('state/stopped');
    await this.#settle(entry);
    await this.discard(id);
    return true;
  }

  async retry(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined || !this.#leading) throw notHere();
    const failed = entry.refs(({ state }) => state === 'failed');
    for (const { index } of failed) {
      const { error: _, ...copy } = entry.copy(index);
      entry.change({
        copies: entry.record.copies.map((each, at) =>
          at === index ? { ...copy, state: 'queued' } : each,
        ),
      });
    }
    await this.#advance(entry);
    for (const ref of failed) {
      if (entry.copy(ref.index).message === undefined) continue;
      this.#confirmations.add(ref);
      this.#transmission.push({ ref });
    }
  }

  async discard(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    if (!entry.record.settled) throw new RangeError('the message is still on its way');
    await this.#options.outbox.delete(entry.record);
    this.#entries.delete(id);
  }

  /** Another tab has changed the record of a message. */
  async refresh(id: string): Promise<void> {
    const record = await this.#options.outbox.get(id);
    const entry = this.#entries.get(id);
    if (record === undefined) {
      if (!this.#leading) this.#entries.delete(id);
    } else if (this.#leading) {
      if (entry === undefined) await this.#adopt(record);
    } else {
      entry?.replace(record);
    }
  }

  /** Resolves when nothing more can be done for now. */
  async idle(): Promise<void> {
    await this.#transmission.idle();
  }

  stop(): void {
    this.#leading = false;
    this.#transmission.stop();
    this.#resending.stop();
  }

  /** A message of an earlier life, or of another tab. */
  async #adopt(record: OutboxRecord): Promise<void> {
    const known = this.#entries.get(record.id);
    known?.replace(record);
    const content = this.#options.packer.facebook.protocol.contents.parse(record.content);
    const entry = known ?? new Entry(record, content, this);
    const failed = record.settled && record.copies.some(({ state }) => state === 'failed');
    if (record.settled && !failed) {
      await this.#options.outbox.delete(record);
      this.#entries.delete(record.id);
      return;
    }
    this.#entries.set(record.id, entry);
    for (const ref of entry.refs(({ message }) => message !== undefined)) {
      const { state } = entry.copy(ref.index);
      if (state === 'received' || state === 'failed') continue;
      this.#packing.recall(ref);
      this.#confirmations.add(ref);
      if (state !== 'delivered') this.#transmission.push({ ref });
    }
    if (!record.settled) await this.#advanceOrFail(entry);
  }

  /** Decides who gets a copy, packs what can be packed, writes it, and hands it on. */
  async #advance(entry: Entry): Promise<void> {
    const { copies, receiver } = entry.record;
    if (copies.length === 0 && receiver.isGroup && !receiver.isBroadcast) {
      const missing = await this.#addMembers(entry);
      if (missing !== undefined) {
        entry.change({ waitingFor: missing });
        await this.#options.outbox.put(entry.record);
        await this.#ask(missing);
        return;
      }
    }
    const refs = entry.refs(({ message, state }) => message === undefined && state !== 'failed');
    if (refs.length === 0) {
      if (entry.record.settled) await this.#settle(entry);
      return;
    }
    await this.#pack(entry, refs);
  }

  /** Nobody is there to hear of an error: the message carries it. */
  async #advanceOrFail(entry: Entry): Promise<void> {
    try {
      await this.#advance(entry);
    } catch (error) {
      if (!isProtocolError(error) || error.code.startsWith('store/')) throw error;
      await this.#giveUp(entry, error.code);
    }
  }

  /** Ends the copies that are not packed; the others are on their way. */
  async #giveUp(entry: Entry, error: ErrorCode): Promise<void> {
    for (const ref of entry.refs(({ message }) => message === undefined)) {
      this.#packing.withdraw(ref);
      entry.changeCopy(ref.index, { state: 'failed', error });
    }
    if (entry.record.copies.length === 0) {
      const { receiver } = entry.record;
      entry.change({ copies: [{ receiver, state: 'failed', error }] });
    }
    entry.change({ waitingFor: undefined });
    if (entry.record.settled) await this.#settle(entry);
    else await this.#options.outbox.put(entry.record);
  }

  /** Asks for what is missing; it may have arrived while the message was being put aside, too early to release it. */
  async #ask(missing: Waiting): Promise<void> {
    const { facebook } = this.#options.packer;
    const { id } = missing;
    const here =
      missing.for === 'members'
        ? (await facebook.members(id)).length > 0
        : (await facebook.encryptKey(id)) !== undefined;
    if (here) await this.release(id.entity);
    else await this.#options.ask(missing);
  }

  async #addMembers(entry: Entry): Promise<Waiting | undefined> {
    const { sender, receiver: group, form: wanted } = entry.record;
    const members = await this.#options.packer.facebook.members(group);
    if (members.length === 0) return waiting('members', group);
    const form = wanted ?? groupFormFor(members);
    const others = members.filter((member) => !sameEntity(member, sender));
    const receivers = form === 'whole' ? [group] : others;
    entry.change({
      form,
      copies: receivers.map((receiver) => ({ receiver, state: 'queued' })),
      waitingFor: undefined,
    });
    return undefined;
  }

  async #pack(entry: Entry, refs: readonly CopyRef[]): Promise<void> {
    const write = deferred<boolean>();
    const packed: PackedMessage[] = [];
    // Into the queue in the turn of its lane, so that copies leave in the order in which they name each other.
    const onPacked = (message: PackedMessage): void => {
      packed.push(message);
      entry.changeCopy(message.ref.index, { ...message.facts, state: 'queued' });
      this.#confirmations.add(message.ref);
      this.#transmission.push({ ref: message.ref, bytes: message.bytes, written: write.promise });
    };
    try {
      const blocked = await this.#packInto(entry, refs, onPacked);
      for (const { ref } of blocked) entry.changeCopy(ref.index, { state: 'waiting' });
      entry.change({ waitingFor: blocked[0]?.by });
      await this.#options.outbox.put(
        entry.record,
        packed.map(({ ref, bytes }) => ({ index: ref.index, bytes })),
      );
      write.resolve(true);
      for (const missing of new Set(blocked.map(({ by }) => by))) await this.#ask(missing);
    } catch (error) {
      write.resolve(false);
      for (const { ref } of packed) this.#packing.forget(ref);
      throw error;
    }
  }

  async #packInto(
    entry: Entry,
    refs: readonly CopyRef[],
    onPacked: (message: PackedMessage) => void,
  ): Promise<readonly { readonly ref: CopyRef; readonly by: Waiting }[]> {
    const untouched = refs.length === entry.record.copies.length;
    if (entry.record.form !== 'split' || !untouched) {
      return (await this.#packing.pack(refs, onPacked)).blocked;
    }
    const result = await this.#packing.packSplit(entry, refs);
    if (isWaiting(result)) {
      // Nobody in the group can be reached yet: each member gets a copy as soon as he can.
      return (await this.#packing.pack(refs, onPacked)).blocked;
    }
    result.packed.forEach(onPacked);
    return result.blocked;
  }

  async #transmit({ ref, bytes, written }: Outgoing): Promise<void> {
    if (written !== undefined && !(await written)) return;
    const { entry, index } = ref;
    const before = entry.copy(index);
    if (before.state !== 'queued' && before.state !== 'sent') return;
    const payload = bytes ?? (await this.#options.outbox.bytes(entry.id, index));
    if (payload === undefined) return;
    await this.#options.transmit(payload, before.receiver);
    // A receipt may have come while the transport was busy.
    if (entry.copy(index).state === 'queued') await this.#finish(ref, { state: 'sent' });
    const after = entry.copy(index);
    if (after.state === 'sent' && entry.expectsReceipt(after)) this.#resending.schedule(ref);
  }

  async #resend(ref: CopyRef): Promise<void> {
    const { created } = ref.entry.record;
    const age = this.#options.packer.facebook.clock.now() - created;
    if (age > this.#options.policy.expiresAfter) {
      await this.#finish(ref, { state: 'failed', error: 'transport/timeout' });
      return;
    }
    this.#transmission.push({ ref });
    await this.#transmission.idle();
  }

  async #delivered(ref: CopyRef): Promise<void> {
    this.#resending.cancel(ref);
    ref.entry.changeCopy(ref.index, { state: 'delivered' });
    await this.#options.outbox.put(ref.entry.record);
  }

  /** Notes a new state of a copy, and ends the message if that was the last one. */
  async #finish(
    ref: CopyRef,
    change: { readonly state: 'sent' | 'received' | 'failed'; readonly error?: ErrorCode },
  ): Promise<void> {
    const { entry, index } = ref;
    entry.changeCopy(index, change);
    if (change.state !== 'sent') {
      this.#resending.cancel(ref);
      this.#packing.forget(ref);
      this.#confirmations.remove(ref);
    }
    if (entry.record.settled) await this.#settle(entry);
    // Alone it need not be on disk: after a restart the copy is sent again.
    else if (change.state !== 'sent' || this.#options.shared) {
      await this.#options.outbox.put(entry.record);
    }
  }

  async #settle(entry: Entry): Promise<void> {
    const failed = entry.record.copies.some(({ state }) => state === 'failed');
    if (failed || this.#options.shared) await this.#options.outbox.put(entry.record);
    else await this.#options.outbox.delete(entry.record);
    if (!failed) this.#drop(entry);
  }

  #drop(entry: Entry): void {
    this.#entries.delete(entry.id);
    for (const ref of entry.refs()) {
      this.#resending.cancel(ref);
      this.#packing.withdraw(ref);
      this.#confirmations.remove(ref);
    }
  }

  #isStation(from: ID): boolean {
    const { station } = this.#options;
    return from.type === EntityType.Station && (station === undefined || sameEntity(from, station));
  }

  async #isReceiver(receiver: ID, from: ID): Promise<boolean> {
    if (!receiver.isGroup) return sameEntity(receiver, from);
    const members = await this.#options.packer.facebook.members(receiver);
    return members.some((member) => sameEntity(member, from));
  }
}

/** What a station says when it will not carry a message (spec §9.17). */
function refusalOf(text: string | undefined): ErrorCode | undefined {
  if (text?.startsWith('Message is blocked')) return 'policy/blocked';
  return text === 'Permission denied.' ? 'policy/unauthorized' : undefined;
}

function notHere(): ProtocolError {
  return new ProtocolError('state/not-ready', 'another tab sends the messages of this store');
}

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
