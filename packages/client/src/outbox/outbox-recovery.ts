import type { Protocol } from '@dimp/core';
import { rethrowOurFault } from '@dimp/foundation';
import type { DeliveryControl } from './delivery.ts';
import type { OutboxRecord, OutboxStore } from './outbox-store.ts';
import { type OnReport, OutgoingMessage } from './outgoing-message.ts';
import type { PackStage } from './pack-stage.ts';
import type { SendStage } from './send-stage.ts';

/** Options for {@link OutboxRecovery}. */
export interface OutboxRecoveryOptions {
  readonly store: OutboxStore;
  readonly contents: Protocol['contents'];
  /** All messages that are not done. */
  readonly messages: Map<string, OutgoingMessage>;
  readonly packStage: PackStage;
  readonly sendStage: SendStage;
  readonly control: DeliveryControl;
  readonly onReport: OnReport;
  /** Takes a message as far as possible. */
  readonly advance: (outgoing: OutgoingMessage) => Promise<void>;
  /** Whether records of finished messages stay for a while, so that other tabs read them. */
  readonly shared: boolean;
  /** Called for records that cannot be read; they stay where they are. */
  readonly onDamaged: (error: unknown) => void;
}

/** Adopts the messages that an earlier run of the program, or another tab, has left in the store. */
export class OutboxRecovery {
  readonly #options: OutboxRecoveryOptions;
  /** Records that are being written for another tab to send. */
  readonly #writing = new Set<Promise<void>>();
  #takingOver: Promise<void> | undefined;
  #isTakingOver = false;
  #leading = false;
  #stopped = false;

  constructor(options: OutboxRecoveryOptions) {
    this.#options = options;
  }

  /** Whether this messenger sends the messages in the store. */
  get isLeading(): boolean {
    return this.#leading;
  }

  /** See `Outbox.lead`. */
  lead(): Promise<void> {
    this.#takingOver ??= this.#takeOver().catch((error: unknown) => {
      this.#takingOver = undefined;
      throw error;
    });
    return this.#takingOver;
  }

  /** Resolves when no takeover is running: a record written behind its list would not be adopted. */
  async settled(): Promise<void> {
    while (this.#isTakingOver) await this.#tookOver();
  }

  /** Writes the record of a message that the leading tab will send. */
  async leaveToLeader(write: () => Promise<void>): Promise<void> {
    const writing: Promise<void> = write().finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
    await writing;
  }

  /** Finds a message that another tab has written. */
  async find(order: string): Promise<OutgoingMessage | undefined> {
    const { store, messages } = this.#options;
    const record = await store.get(order);
    if (record === undefined) return undefined;
    const outgoing = this.#outgoing(record);
    if (!record.settled) messages.set(order, outgoing);
    return outgoing;
  }

  /** Another tab has changed the record of a message. */
  async refresh(order: string): Promise<void> {
    await this.#tookOver();
    const { store, messages } = this.#options;
    const record = await store.get(order);
    const outgoing = messages.get(order);
    if (record === undefined) {
      if (outgoing === undefined) return;
      // Another tab may have discarded a message that was given up; one that was under way has been cancelled.
      if (!this.#leading && !outgoing.record.settled) outgoing.fail('state/stopped');
      if (outgoing.record.settled) messages.delete(order);
    } else if (this.#leading) {
      if (outgoing === undefined) await this.#adopt(record);
    } else if (outgoing !== undefined) outgoing.replace(record);
    else this.#report(record);
  }

  /** Another tab may have changed any record, or removed it. */
  async refreshAll(): Promise<void> {
    const { store, messages, onDamaged } = this.#options;
    const known = [...messages.keys()];
    // A record that is being written is not there yet, which does not mean that it was removed.
    await Promise.allSettled(this.#writing);
    for (const order of known) await this.refresh(order);
    if (!this.#leading) return;
    for await (const { order, settled } of store.list(onDamaged)) {
      if (!settled && !messages.has(order)) await this.refresh(order);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#leading = false;
  }

  /** Reports the state of a message that another tab has written and sends. */
  #report(record: OutboxRecord): void {
    try {
      this.#options.onReport(this.#outgoing(record).delivery);
    } catch (error) {
      // The content type may not be registered here.
      rethrowOurFault(error);
    }
  }

  #outgoing(record: OutboxRecord): OutgoingMessage {
    const { contents, control, onReport } = this.#options;
    const content = contents.parse(record.content);
    return new OutgoingMessage(record, content, { control, onReport, isOnDisk: true });
  }

  /** Resolves when the takeover that is running has ended. */
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
    const { store, messages, sendStage, onDamaged } = this.#options;
    // Written by us for the tab that led until now: it has to be in the list.
    await Promise.allSettled(this.#writing);
    const records: OutboxRecord[] = [];
    for await (const record of store.list(onDamaged)) records.push(record);
    if (this.#stopped) return;
    this.#leading = true;
    for (const record of records) {
      try {
        await this.#adopt(record);
      } catch (error) {
        // The content type may no longer be registered. The other messages go on.
        rethrowOurFault(error);
        onDamaged(error);
      }
    }
    await sendStage.renew();
    for (const outgoing of messages.values()) sendStage.offer(outgoing, true);
  }

  async #adopt(record: OutboxRecord): Promise<void> {
    const { messages, packStage, sendStage, advance } = this.#options;
    const known = messages.get(record.order);
    known?.replace(record);
    const outgoing = known ?? this.#outgoing(record);
    if (record.settled && !outgoing.hasFailed) {
      if (this.#options.shared) sendStage.retire(record);
      else await this.#options.store.delete(record);
      messages.delete(record.order);
      return;
    }
    messages.set(record.order, outgoing);
    for (const ref of outgoing.refs(({ message }) => message !== undefined)) {
      const { state } = outgoing.copy(ref.index);
      if (state === 'received' || state === 'failed') continue;
      packStage.recall(ref);
      sendStage.resend(ref);
    }
    if (!record.settled) await advance(outgoing);
  }
}
