import type { Random, Timers, Waiting } from '@dimp/core';
import type { Content } from '@dimp/dkd';
import type { ReceiptBody } from '@dimp/endpoint';
import { isProtocolError, ProtocolError } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import { CopyPacker } from './copy-packer.ts';
import type { Delivery, DeliveryControl } from './delivery.ts';
import type { IntroducedPeers } from './introduced-peers.ts';
import type { GroupForm, MessagePacker } from './message-packer.ts';
import type { OutboxRecord } from './outbox-record.ts';
import type { OutboxStore } from './outbox-store.ts';
import { OutgoingMessage } from './outgoing-message.ts';
import { PackStage } from './pack-stage.ts';
import { ReceiverKeys } from './receiver-keys.ts';
import { Renewal } from './renewal.ts';
import type { ResendPolicy } from './resend-timers.ts';
import { SendStage } from './send-stage.ts';

/** What a {@link Outbox} is made with. */
export interface OutboxOptions {
  readonly packer: MessagePacker;
  readonly store: OutboxStore;
  readonly introducedPeers: IntroducedPeers;
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
export class Outbox implements DeliveryControl {
  readonly #options: OutboxOptions;
  readonly #messages = new Map<string, OutgoingMessage>();
  readonly #copyPacker: CopyPacker;
  readonly #sendStage: SendStage;
  readonly #packStage: PackStage;
  readonly #renewal: Renewal;
  /** Records that are being written for another tab to send. */
  readonly #writing = new Set<Promise<void>>();
  #takingOver: Promise<void> | undefined;
  #isTakingOver = false;
  #leading = false;
  #stopped = false;

  constructor(options: OutboxOptions) {
    const { packer, store, introducedPeers } = options;
    this.#options = options;
    const receiverKeys = new ReceiverKeys(packer.facebook);
    this.#copyPacker = new CopyPacker(packer, introducedPeers, receiverKeys);
    this.#sendStage = new SendStage({
      ...options,
      facebook: packer.facebook,
      copyPacker: this.#copyPacker,
      renew: (ref) => this.#renewal.renewCopy(ref),
      onDone: (outgoing) => this.#drop(outgoing),
    });
    this.#packStage = new PackStage({
      packer,
      store,
      copyPacker: this.#copyPacker,
      sendStage: this.#sendStage,
      messages: this.#messages,
      ask: options.ask,
    });
    this.#renewal = new Renewal({
      copyPacker: this.#copyPacker,
      sendStage: this.#sendStage,
      receiverKeys,
      messages: this.#messages,
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
    return [...this.#messages.values()]
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
      id: this.#options.store.nextID(),
      sender,
      receiver,
      content: content.wire,
      created: this.#options.packer.facebook.clock.now(),
      ...(form === undefined ? {} : { form }),
      copies: personal ? [{ receiver, state: 'queued' }] : [],
      settled: false,
    };
    const outgoing = new OutgoingMessage(record, content, this);
    this.#messages.set(record.id, outgoing);
    try {
      if (this.#leading) {
        const missing = await this.#packStage.advance(outgoing);
        await this.#options.aside(() => this.#packStage.askAll(missing));
      } else await this.#leaveToLeader(record);
    } catch (error) {
      this.#drop(outgoing);
      throw error;
    }
    if (this.#stopped) outgoing.delivery.end();
    return outgoing.delivery;
  }

  /** A meta, a visa or a member list has arrived: whatever waited for it goes on. */
  async release(entity: EntityKey): Promise<void> {
    // What was sent first goes first.
    if (this.#leading) await this.#renewal.renew(entity);
    await this.#packStage.release(entity);
  }

  /** Asks again for what messages wait for, and gives up those that are too old. */
  async tend(): Promise<void> {
    this.#copyPacker.reduceMemory();
    if (!this.#leading) return;
    await this.#sendStage.sweep();
    for (const outgoing of [...this.#messages.values()]) {
      if (outgoing.record.settled) continue;
      if (this.#sendStage.isExpired(outgoing)) await this.#expire(outgoing);
      else this.#sendStage.offer(outgoing);
    }
    await this.#askAgain();
  }

  /** The connection is back: what waits to be sent is sent, and what messages wait for is asked for. */
  async resume(): Promise<void> {
    this.#sendStage.resume();
    if (!this.#leading) return;
    await this.#askAgain();
    this.#offerAll();
  }

  /** Notes a receipt, see {@link SendStage.confirm}. */
  confirm(body: ReceiptBody, from: ID, to: ID): Promise<void> {
    return this.#sendStage.confirm(body, from, to);
  }

  async cancel(id: string): Promise<boolean> {
    if (this.#stopped) throw stopped();
    const outgoing = this.#messages.get(id);
    if (outgoing === undefined || !this.#leading) return false;
    const early = outgoing.record.copies.every(
      ({ state }) => state === 'queued' || state === 'waiting',
    );
    if (!early || this.#sendStage.mayHaveLeft(outgoing)) return false;
    outgoing.fail('state/stopped');
    this.#drop(outgoing);
    await this.#options.store.delete(outgoing.record);
    return true;
  }

  async retry(id: string): Promise<void> {
    if (this.#stopped) throw stopped();
    const outgoing = this.#messages.get(id);
    if (outgoing === undefined || !this.#leading) throw notHere();
    const failed = outgoing.refs(({ state }) => state === 'failed');
    if (failed.length === 0) return;
    outgoing.revive(this.#options.packer.facebook.clock.now());
    await this.#options.store.put(outgoing.record);
    for (const ref of failed) {
      if (outgoing.record.copies[ref.index]?.message !== undefined) this.#sendStage.ship(ref);
    }
    await this.#packStage.advanceOrFail(outgoing);
  }

  async discard(id: string): Promise<void> {
    if (this.#stopped) throw stopped();
    const outgoing = this.#messages.get(id);
    if (outgoing === undefined) return;
    if (!outgoing.record.settled) throw new RangeError('the message is still on its way');
    await this.#options.store.delete(outgoing.record);
    this.#messages.delete(id);
  }

  /** Another tab has changed the record of a message. */
  async refresh(id: string): Promise<void> {
    await this.#tookOver();
    const record = await this.#options.store.get(id);
    const outgoing = this.#messages.get(id);
    if (record === undefined) {
      if (outgoing === undefined) return;
      // Of those who do not send, one may have discarded what was given up; what was under way has been cancelled.
      if (!this.#leading && !outgoing.record.settled) outgoing.fail('state/stopped');
      if (outgoing.record.settled) this.#messages.delete(id);
    } else if (this.#leading) {
      if (outgoing === undefined) await this.#adopt(record);
    } else {
      outgoing?.replace(record);
    }
  }

  /** Another tab may have changed any record, or removed it. */
  async refreshAll(): Promise<void> {
    const known = [...this.#messages.keys()];
    // What is only just being written is not there yet, and not removed.
    await Promise.allSettled(this.#writing);
    for (const id of known) await this.refresh(id);
    if (!this.#leading) return;
    for await (const { id, settled } of this.#options.store.list(this.#options.onDamaged)) {
      if (!settled && !this.#messages.has(id)) await this.refresh(id);
    }
  }

  /** Resolves when nothing more can be done for now. */
  idle(): Promise<void> {
    return this.#sendStage.idle();
  }

  stop(): void {
    this.#stopped = true;
    this.#leading = false;
    this.#sendStage.stop();
    for (const { delivery } of this.#messages.values()) delivery.end();
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
    const { store, onDamaged } = this.#options;
    for await (const record of store.list(onDamaged)) records.push(record);
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
    for (const outgoing of this.#messages.values()) this.#sendStage.offer(outgoing, true);
  }

  async #leaveToLeader(record: OutboxRecord): Promise<void> {
    const writing: Promise<void> = this.#options.store
      .put(record)
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
    await writing;
  }

  /** A message of an earlier lifecycle, or of another tab. */
  async #adopt(record: OutboxRecord): Promise<void> {
    const known = this.#messages.get(record.id);
    known?.replace(record);
    const content = this.#options.packer.facebook.protocol.contents.parse(record.content);
    const outgoing = known ?? new OutgoingMessage(record, content, this);
    if (record.settled && !outgoing.hasFailed) {
      if (this.#options.shared) this.#sendStage.retire(record);
      else await this.#options.store.delete(record);
      this.#messages.delete(record.id);
      return;
    }
    this.#messages.set(record.id, outgoing);
    for (const ref of outgoing.refs(({ message }) => message !== undefined)) {
      const { state } = outgoing.copy(ref.index);
      if (state === 'received' || state === 'failed') continue;
      this.#copyPacker.recall(ref);
      this.#sendStage.takeUp(ref);
    }
    if (!record.settled) await this.#packStage.advanceOrFail(outgoing);
  }

  async #askAgain(): Promise<void> {
    const missing = new Map<string, Waiting>();
    for (const { record } of this.#messages.values()) {
      const { waitingFor } = record;
      if (waitingFor !== undefined)
        missing.set(`${waitingFor.for} ${waitingFor.id.entity}`, waitingFor);
    }
    await this.#packStage.askAll([...missing.values()]);
  }

  async #expire(outgoing: OutgoingMessage): Promise<void> {
    const packed = outgoing.refs(({ message, state }) => message !== undefined && isOpen(state));
    await this.#packStage.giveUp(outgoing, 'identity/not-found');
    for (const ref of packed) {
      await this.#sendStage.finish(ref, { state: 'failed', error: 'transport/timeout' });
    }
  }

  #drop(outgoing: OutgoingMessage): void {
    this.#messages.delete(outgoing.id);
    this.#sendStage.drop(outgoing);
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
