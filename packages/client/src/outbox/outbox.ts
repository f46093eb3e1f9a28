import { type Random, type Timers, type Waiting, withLock } from '@dimp/core';
import type { Content } from '@dimp/dkd';
import type { ReceiptBody } from '@dimp/endpoint';
import { definedOnly, fieldError, ProtocolError } from '@dimp/foundation';
import { type EntityKey, type ID, sameEntity } from '@dimp/mkm';
import type { Services } from '../services/services.ts';
import { type ChosenID, ChosenIDs } from './chosen-ids.ts';
import { ConfirmStage } from './confirm-stage.ts';
import { Delivery, type DeliveryControl, type DeliveryReport } from './delivery.ts';
import type { IntroducedPeers } from './introduced-peers.ts';
import type { MessagePacker } from './message-packer.ts';
import { OutboxRecovery } from './outbox-recovery.ts';
import type { OutboxRecord, OutboxStore } from './outbox-store.ts';
import { type OnReport, OutgoingMessage } from './outgoing-message.ts';
import { PackStage } from './pack-stage.ts';
import { Pipeline } from './pipeline.ts';
import { ReceiptIndex } from './receipt-index.ts';
import { ReceiverKeys } from './receiver-keys.ts';
import { Renewal } from './renewal.ts';
import type { ResendPolicy } from './resend-timers.ts';
import type { SendOptions } from './send-options.ts';
import { SendStage } from './send-stage.ts';

/** Options for {@link Outbox}. */
export interface OutboxOptions {
  readonly packer: MessagePacker;
  readonly store: OutboxStore;
  readonly introducedPeers: IntroducedPeers;
  readonly services: Services;
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
  /** Called when the station has had a message for long, and more than once, without its receiver confirming it. */
  readonly overdue: () => void;
  /** Runs a task that the message on disk does not depend on. */
  readonly aside: (task: () => Promise<void>) => Promise<void>;
  /** Whether records of finished messages stay for a while, so that other tabs read them. */
  readonly shared: boolean;
  /** The station whose receipts tell that it has a message; undefined accepts any station's. */
  readonly station: () => ID | undefined;
  readonly onFailure: (error: unknown) => void;
  /** Called for each change of a delivery, also of one that another tab sends. */
  readonly onReport: OnReport;
  /** Called for records that cannot be read; they stay where they are. */
  readonly onDamaged: (error: unknown) => void;
}

/** Options for {@link Outbox.enqueue}; see `SendOptions`. */
export type EnqueueOptions = Pick<SendOptions, 'id' | 'form' | 'accepting' | 'replaces'>;

/**
 * Carries outgoing messages from the draft until their receivers have confirmed them: draft → pack → persist → send →
 * confirm.
 */
export class Outbox implements DeliveryControl {
  readonly #options: OutboxOptions;
  readonly #store: OutboxStore;
  readonly #chosenIDs: ChosenIDs;
  /** All messages that are not done, in the order in which they were sent. */
  readonly #messages = new Map<string, OutgoingMessage>();
  readonly #packStage: PackStage;
  readonly #sendStage: SendStage;
  readonly #confirmStage: ConfirmStage;
  readonly #pipeline: Pipeline;
  readonly #recovery: OutboxRecovery;
  #stopped = false;

  constructor(options: OutboxOptions) {
    const { packer, store, introducedPeers, policy } = options;
    const { facebook } = packer;
    const messages = this.#messages;
    const receiptIndex = new ReceiptIndex();
    const receiverKeys = new ReceiverKeys(facebook);
    const packStage = new PackStage(packer, introducedPeers, receiverKeys);
    const renewal = new Renewal({
      packStage,
      receiverKeys,
      messages,
      clock: facebook.clock,
      // The first repetition comes after half to all of this.
      patienceMs: policy.firstAfter / 2,
    });
    const sendStage = new SendStage({
      ...options,
      facebook,
      packStage,
      renewal,
      receiptIndex,
      messages,
    });
    const chosenIDs = new ChosenIDs(facebook.store, facebook.clock);
    const pipeline = new Pipeline({ ...options, chosenIDs, messages, packStage, sendStage });
    this.#options = options;
    this.#store = store;
    this.#chosenIDs = chosenIDs;
    this.#packStage = packStage;
    this.#sendStage = sendStage;
    this.#confirmStage = new ConfirmStage({ ...options, facebook, sendStage, receiptIndex });
    this.#pipeline = pipeline;
    this.#recovery = new OutboxRecovery({
      ...options,
      contents: facebook.protocol.contents,
      messages,
      packStage,
      sendStage,
      control: this,
      advance: (outgoing) => pipeline.advanceOrFail(outgoing),
    });
  }

  /**
   * Draft: puts a stamped content on disk and on its way. Resolves when it is on disk.
   *
   * @throws `format/field` for an ID that is that of another message; the codes of `Messenger.send`
   */
  async enqueue(
    content: Content,
    sender: ID,
    receiver: ID,
    options: EnqueueOptions = {},
  ): Promise<Delivery> {
    const { id } = options;
    if (id === undefined) return this.#enqueue(content, sender, receiver, options);
    const { store } = this.#options.packer.facebook;
    return withLock(store, `send ${sender.entity} ${id}`, async () => {
      const known = await this.#chosenIDs.get(sender, id);
      if (known === undefined) return this.#enqueue(content, sender, receiver, options);
      return this.#known(id, known, { content, sender, receiver });
    });
  }

  /** Confirm: applies a receipt. See {@link ConfirmStage.confirm}. */
  confirm(body: ReceiptBody, from: ID, to: ID): Promise<void> {
    return this.#confirmStage.confirm(body, from, to);
  }

  /** A meta, a visa or a member list has arrived: the messages that waited for it go on. */
  async release(entity: EntityKey): Promise<void> {
    // Messages that were sent first go first.
    if (this.#recovery.isLeading) await this.#sendStage.renew(entity);
    await this.#pipeline.release(entity);
  }

  /** All messages that are not done: under way, or given up and not discarded. */
  deliveries(): readonly Delivery[] {
    return [...this.#messages.values()]
      .filter(({ record, hasFailed }) => !record.settled || hasFailed)
      .map(({ delivery }) => delivery);
  }

  async cancel(order: string): Promise<boolean> {
    if (this.#stopped) throw stopped();
    const outgoing = this.#messages.get(order);
    if (outgoing === undefined || !this.#recovery.isLeading) return false;
    const early = outgoing.record.copies.every(
      ({ state }) => state === 'queued' || state === 'waiting',
    );
    if (!early || this.#sendStage.mayHaveLeft(outgoing)) return false;
    outgoing.fail('state/stopped');
    this.#sendStage.drop(outgoing);
    await this.#store.delete(outgoing.record, this.#chosenIDs.removal(outgoing.record));
    return true;
  }

  async retry(order: string): Promise<void> {
    if (this.#stopped) throw stopped();
    const outgoing = this.#messages.get(order);
    if (outgoing === undefined || !this.#recovery.isLeading) throw notHere();
    const failed = outgoing.refs(({ state }) => state === 'failed');
    if (failed.length === 0) return;
    outgoing.revive(this.#options.packer.facebook.clock.now());
    await this.#store.put(outgoing.record);
    for (const ref of failed) {
      if (outgoing.record.copies[ref.index]?.message !== undefined) this.#sendStage.send(ref);
    }
    await this.#pipeline.advanceOrFail(outgoing);
  }

  async discard(order: string): Promise<void> {
    if (this.#stopped) throw stopped();
    const outgoing = this.#messages.get(order);
    if (outgoing === undefined) return;
    if (!outgoing.record.settled) throw new RangeError('the message is still on its way');
    await this.#store.delete(outgoing.record, this.#chosenIDs.removal(outgoing.record));
    this.#messages.delete(order);
  }

  /** Forgets what is too old to be of use. */
  purge(): Promise<void> {
    return this.#chosenIDs.purge();
  }

  /** Takes over the store's outbox: sends everything unsettled in it. */
  lead(): Promise<void> {
    return this.#recovery.lead();
  }

  /** Another tab has changed the record of a message. */
  refresh(order: string): Promise<void> {
    return this.#recovery.refresh(order);
  }

  /** Another tab may have changed any record, or removed it. */
  refreshAll(): Promise<void> {
    return this.#recovery.refreshAll();
  }

  /** Called every few minutes: asks again for what messages wait for, and gives up those that are too old. */
  async tend(): Promise<void> {
    this.#packStage.reduceMemory();
    if (!this.#recovery.isLeading) return;
    await this.#sendStage.sweep();
    for (const outgoing of [...this.#messages.values()]) {
      if (outgoing.record.settled) continue;
      if (this.#sendStage.isExpired(outgoing)) await this.#pipeline.expire(outgoing);
      else this.#sendStage.offer(outgoing);
    }
    await this.#pipeline.askAgain();
  }

  /** The connection is back: sends what waits to be sent, and asks for what messages wait for. */
  async resume(): Promise<void> {
    this.#sendStage.resume();
    if (!this.#recovery.isLeading) return;
    await this.#pipeline.askAgain();
    for (const outgoing of this.#messages.values()) this.#sendStage.offer(outgoing, true);
  }

  /** Resolves when nothing more can be done for now. */
  idle(): Promise<void> {
    return this.#sendStage.idle();
  }

  stop(): void {
    this.#stopped = true;
    this.#recovery.stop();
    this.#sendStage.stop();
    for (const { delivery } of this.#messages.values()) delivery.end();
  }

  /** The delivery of a message that was sent before under the same ID. */
  async #known(
    id: string,
    { order, sn, time, created, receiver: before }: ChosenID,
    again: Pick<Delivery, 'content' | 'sender' | 'receiver'>,
  ): Promise<Delivery> {
    if (before !== again.receiver.text) {
      throw fieldError('id', 'must not be that of a message to another receiver');
    }
    const here = this.#messages.get(order) ?? (await this.#recovery.find(order));
    if (here !== undefined) return here.delivery;
    const { contents } = this.#options.packer.facebook.protocol;
    const content = contents.parse({ ...again.content.wire, sn, time });
    const report: DeliveryReport = { state: 'received', receivers: [], settled: true };
    return new Delivery({ ...again, id, order, created, content }, report, this);
  }

  async #enqueue(
    content: Content,
    sender: ID,
    receiver: ID,
    { id, form, accepting, replaces }: EnqueueOptions,
  ): Promise<Delivery> {
    await this.#recovery.settled();
    const order = this.#store.nextOrder();
    const personal = receiver.isUser || receiver.isBroadcast;
    const record: OutboxRecord = {
      id: id ?? order,
      order,
      sender,
      receiver,
      content: content.wire,
      created: this.#options.packer.facebook.clock.now(),
      ...definedOnly({ form, accepting, replaces }),
      copies: personal ? [{ receiver, state: 'queued' }] : [],
      settled: false,
    };
    const { onReport } = this.#options;
    const outgoing = new OutgoingMessage(record, content, {
      control: this,
      onReport,
      isOnDisk: false,
    });
    this.#messages.set(order, outgoing);
    try {
      if (this.#recovery.isLeading) {
        const missing = await this.#pipeline.advance(outgoing, true);
        await this.#options.aside(() => this.#pipeline.askAll(missing));
      } else await this.#recovery.leaveToLeader(() => this.#pipeline.putNew(outgoing));
    } catch (error) {
      this.#sendStage.drop(outgoing);
      throw error;
    }
    if (this.#stopped) outgoing.delivery.end();
    await this.#replaceOlder(outgoing);
    return outgoing.delivery;
  }

  /** Cancels older messages that a newer one makes void, if they have not left. */
  async #replaceOlder(newer: OutgoingMessage): Promise<void> {
    const { sender, receiver, replaces } = newer.record;
    if (replaces === undefined) return;
    for (const { record } of [...this.#messages.values()]) {
      if (record.order === newer.order || record.replaces !== replaces || record.settled) continue;
      const isSame = sameEntity(record.sender, sender) && sameEntity(record.receiver, receiver);
      if (isSame && record.order < newer.order) await this.cancel(record.order);
    }
  }
}

function notHere(): ProtocolError<'state/not-ready'> {
  return new ProtocolError('state/not-ready', 'another tab sends the messages of this store');
}

function stopped(): ProtocolError<'state/stopped'> {
  return new ProtocolError('state/stopped', 'messenger has been disposed of');
}
