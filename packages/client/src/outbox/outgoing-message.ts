import type { Waiting } from '@dimp/core';
import type { Content } from '@dimp/dkd';
import { expectsReceipt } from '@dimp/endpoint';
import type { ErrorCode } from '@dimp/foundation';
import { definedOnly } from '@dimp/foundation';
import { Delivery, type DeliveryControl, type DeliveryReport, jointState } from './delivery.ts';
import { type CopyRecord, deliveryError, type OutboxRecord } from './outbox-store.ts';

/** One receiver's copy of an outgoing message. */
export interface CopyRef {
  readonly outgoing: OutgoingMessage;
  readonly index: number;
}

/** Returns a key for a copy, unique among all messages. */
export function keyOf({ outgoing, index }: CopyRef): string {
  return `${outgoing.order}/${index}`;
}

/** Facts of a packed copy. */
export type PackedFacts = Pick<CopyRecord, 'message' | 'visaTime' | 'keys'> & {
  readonly signature: string;
};

/** Called when the report of a message has changed. */
export type OnReport = (delivery: Delivery) => void;

/** Options for {@link OutgoingMessage}. */
export interface OutgoingOptions {
  readonly control: DeliveryControl;
  readonly onReport: OnReport;
  /** Whether its record was written before. */
  readonly isOnDisk: boolean;
}

/** Changes to a record. */
export type OutgoingChange = Partial<
  Pick<OutboxRecord, 'form' | 'copies' | 'receipt' | 'retried'>
> & {
  readonly waitingFor?: Waiting | undefined;
};

/**
 * How many earlier forms of a copy are remembered. A receiver seldom replaces keys twice while a message is under way.
 */
const MAX_FORMER = 4;

/** An outgoing message in memory: its record, and the {@link Delivery} that the application holds. */
export class OutgoingMessage {
  readonly content: Content;
  readonly delivery: Delivery;
  readonly #onReport: OnReport;
  #record: OutboxRecord;
  #isOnDisk: boolean;

  constructor(record: OutboxRecord, content: Content, options: OutgoingOptions) {
    const { control, onReport, isOnDisk } = options;
    this.content = content;
    this.#record = record;
    this.#onReport = onReport;
    this.#isOnDisk = isOnDisk;
    this.delivery = new Delivery({ ...record, content }, reportOf(record), control);
  }

  /** Whether its record was written. Until then nothing is reported, and it is not packed anew. */
  get isOnDisk(): boolean {
    return this.#isOnDisk;
  }

  /** The record was written for the first time. */
  isWritten(): void {
    this.#isOnDisk = true;
    this.#onReport(this.delivery);
  }

  get record(): OutboxRecord {
    return this.#record;
  }

  /** Its place in the outbox. */
  get order(): string {
    return this.#record.order;
  }

  /** When it was sent or last retried by the user, in milliseconds since the epoch. */
  get since(): number {
    return this.#record.retried ?? this.#record.created;
  }

  get hasFailed(): boolean {
    return this.#record.copies.some(({ state }) => state === 'failed');
  }

  /** References to the copies that pass a test, without those that are left out. */
  refs(test: (copy: CopyRecord) => boolean = () => true): readonly CopyRef[] {
    return this.#record.copies.flatMap((copy, index) =>
      copy.leftOut !== true && test(copy) ? [{ outgoing: this, index }] : [],
    );
  }

  copy(index: number): CopyRecord {
    const copy = this.#record.copies[index];
    if (copy === undefined) throw new RangeError('index must be that of a copy');
    return copy;
  }

  /** Changes the record, and updates the delivery if its report changes. */
  change(change: OutgoingChange): void {
    const { waitingFor, ...rest } = { waitingFor: this.#record.waitingFor, ...change };
    const { waitingFor: _, ...before } = this.#record;
    const merged = { ...before, ...rest, ...definedOnly({ waitingFor }) };
    this.#record = { ...merged, settled: this.#isSettled(merged) };
    this.#tell();
  }

  /** @param receipt - text of the receipt that caused the change */
  changeCopy(index: number, change: Partial<CopyRecord>, receipt?: string): void {
    const copies = this.#record.copies.map((copy, each) =>
      each === index ? { ...copy, ...change } : copy,
    );
    this.change({ copies, ...definedOnly({ receipt }) });
  }

  /**
   * Replaces a copy that was packed anew for other keys of its receiver. Receipts for its earlier forms still count,
   * because the content is the same.
   */
  repackCopy(index: number, facts: PackedFacts): void {
    const copies = this.#record.copies.map((copy, each): CopyRecord => {
      if (each !== index) return copy;
      const { receiver, signature, former = [] } = copy;
      const signatures = signature === undefined ? former : [...former, signature];
      return { receiver, state: 'queued', ...facts, former: signatures.slice(-MAX_FORMER) };
    });
    this.change({ copies });
  }

  /** Replaces the record by the one that another tab has written. */
  replace(record: OutboxRecord): void {
    this.#record = record;
    this.#tell();
  }

  /** Fails all copies that are not final. */
  fail(error: ErrorCode): void {
    this.#fail(error, (copy) => !this.#isFinal(copy));
  }

  /** Fails all copies that are not packed. */
  failUnpacked(error: ErrorCode): void {
    this.#fail(error, ({ message, state }) => message === undefined && state !== 'failed');
  }

  /**
   * Resets the failed copies, so that they are sent again.
   *
   * @param now - milliseconds since the epoch
   */
  revive(now: number): void {
    const { receiver, copies } = this.#record;
    // The member list may have changed, or was never known.
    const again = receiver.isGroup && copies.every(({ message }) => message === undefined);
    this.change({
      retried: now,
      copies: again
        ? []
        : copies.map(({ error, ...copy }) =>
            copy.state === 'failed' ? { ...copy, state: 'queued' } : copy,
          ),
    });
  }

  /** Whether the receiver's program sends a receipt for a copy. */
  expectsReceipt(copy: CopyRecord): boolean {
    return expectsReceipt(this.content, this.#record.sender, copy.receiver);
  }

  #fail(error: ErrorCode, test: (copy: CopyRecord) => boolean): void {
    const { receiver, copies } = this.#record;
    const failed = { state: 'failed', error } as const;
    this.change({
      copies:
        copies.length === 0
          ? [{ receiver, ...failed }]
          : copies.map((copy) => (!copy.leftOut && test(copy) ? { ...copy, ...failed } : copy)),
      waitingFor: undefined,
    });
  }

  #isFinal(copy: CopyRecord): boolean {
    if (copy.leftOut || copy.state === 'received' || copy.state === 'failed') return true;
    return (copy.state === 'sent' || copy.state === 'delivered') && !this.expectsReceipt(copy);
  }

  #isSettled({ copies, waitingFor }: Pick<OutboxRecord, 'copies' | 'waitingFor'>): boolean {
    return waitingFor?.for !== 'members' && copies.every((copy) => this.#isFinal(copy));
  }

  #tell(): void {
    const report = reportOf(this.#record);
    if (sameReport(this.delivery.report, report)) return;
    this.delivery.update(report);
    if (this.#isOnDisk) this.#onReport(this.delivery);
  }
}

function reportOf(record: OutboxRecord): DeliveryReport {
  const { waitingFor, receipt, settled } = record;
  const copies = record.copies.filter(({ leftOut }) => leftOut !== true);
  const others = record.copies.filter((copy) => !copies.includes(copy));
  const joint = jointState(copies.map(({ state }) => state));
  // A group without other members, or without one who accepts it, needs no copies.
  const state = copies.length === 0 ? (settled ? 'received' : 'waiting') : joint;
  const code =
    state === 'failed' ? copies.find(({ error }) => error !== undefined)?.error : undefined;
  return {
    state,
    receivers: copies.map((copy) => ({ receiver: copy.receiver, state: copy.state })),
    ...(others.length === 0 ? {} : { leftOut: others.map(({ receiver }) => receiver) }),
    ...(waitingFor === undefined || state !== 'waiting' ? {} : { waitingFor }),
    ...(state === 'failed' ? { error: deliveryError(code ?? 'state/stopped') } : {}),
    ...definedOnly({ receipt }),
    settled,
  };
}

function sameReport(a: DeliveryReport, b: DeliveryReport): boolean {
  return (
    a.state === b.state &&
    a.settled === b.settled &&
    a.receipt === b.receipt &&
    a.waitingFor?.id.entity === b.waitingFor?.id.entity &&
    a.waitingFor?.for === b.waitingFor?.for &&
    a.leftOut?.length === b.leftOut?.length &&
    a.receivers.length === b.receivers.length &&
    a.receivers.every((each, index) => each.state === b.receivers[index]?.state)
  );
}
