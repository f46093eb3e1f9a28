import type { Waiting } from '@dimp/core';
import type { Content } from '@dimp/dkd';
import type { ErrorCode } from '@dimp/foundation';
import { expectsReceipt } from '../processing/content-kinds.ts';
import { Delivery, type DeliveryControl, type DeliveryReport } from './delivery.ts';
import { jointState } from './delivery-state.ts';
import { type CopyRecord, deliveryError, type OutboxRecord } from './outbox-record.ts';

/** One receiver's copy of an outgoing message. */
export interface CopyRef {
  readonly entry: Entry;
  readonly index: number;
}

/** What may change of a record. */
export type EntryChange = Partial<Pick<OutboxRecord, 'form' | 'copies' | 'receipt'>> & {
  readonly waitingFor?: Waiting | undefined;
};

/** An outgoing message in memory: its record, and the handle that its sender holds. */
export class Entry {
  readonly content: Content;
  readonly delivery: Delivery;
  #record: OutboxRecord;

  constructor(record: OutboxRecord, content: Content, control: DeliveryControl) {
    this.content = content;
    this.#record = record;
    this.delivery = new Delivery({ ...record, content }, reportOf(record), control);
  }

  get record(): OutboxRecord {
    return this.#record;
  }

  get id(): string {
    return this.#record.id;
  }

  /** References to the copies that a test holds for. */
  refs(test: (copy: CopyRecord) => boolean = () => true): readonly CopyRef[] {
    return this.#record.copies.flatMap((copy, index) =>
      test(copy) ? [{ entry: this, index }] : [],
    );
  }

  copy(index: number): CopyRecord {
    const copy = this.#record.copies[index];
    if (copy === undefined) throw new RangeError('no such copy');
    return copy;
  }

  /** Changes the record, and tells the listeners if that can be seen from outside. */
  change(change: EntryChange): void {
    const { waitingFor, ...rest } = { waitingFor: this.#record.waitingFor, ...change };
    const { waitingFor: _, ...before } = this.#record;
    const merged = { ...before, ...rest, ...(waitingFor === undefined ? {} : { waitingFor }) };
    this.#record = { ...merged, settled: this.#isSettled(merged) };
    this.#tell();
  }

  changeCopy(index: number, change: Partial<CopyRecord>): void {
    const copies = this.#record.copies.map((copy, each) =>
      each === index ? { ...copy, ...change } : copy,
    );
    this.change({ copies });
  }

  /** Takes over what another tab has written. */
  replace(record: OutboxRecord): void {
    this.#record = record;
    this.#tell();
  }

  /** Ends a message that another tab has carried to its end. */
  fail(code: ErrorCode): void {
    this.change({
      copies: this.#record.copies.map((copy) =>
        this.#isFinal(copy) ? copy : { ...copy, state: 'failed', error: code },
      ),
      waitingFor: undefined,
    });
  }

  /** Whether a receipt of the receiver's program is to come for a copy. */
  expectsReceipt(copy: CopyRecord): boolean {
    return expectsReceipt(this.content, this.#record.sender, copy.receiver);
  }

  #isFinal(copy: CopyRecord): boolean {
    if (copy.state === 'received' || copy.state === 'failed') return true;
    return (copy.state === 'sent' || copy.state === 'delivered') && !this.expectsReceipt(copy);
  }

  #isSettled({ copies, waitingFor }: Pick<OutboxRecord, 'copies' | 'waitingFor'>): boolean {
    return waitingFor?.for !== 'members' && copies.every((copy) => this.#isFinal(copy));
  }

  #tell(): void {
    const report = reportOf(this.#record);
    if (!sameReport(this.delivery.report, report)) this.delivery.update(report);
  }
}

function reportOf({ copies, waitingFor, receipt, settled }: OutboxRecord): DeliveryReport {
  const joint = jointState(copies.map(({ state }) => state));
  // A group in which nobody else is needs nothing sent.
  const state = copies.length === 0 ? (settled ? 'received' : 'waiting') : joint;
  const code =
    state === 'failed' ? copies.find(({ error }) => error !== undefined)?.error : undefined;
  return {
    state,
    receivers: copies.map((copy) => ({ receiver: copy.receiver, state: copy.state })),
    ...(waitingFor === undefined || state !== 'waiting' ? {} : { waitingFor }),
    ...(state === 'failed' ? { error: deliveryError(code ?? 'state/stopped') } : {}),
    ...(receipt === undefined ? {} : { receipt }),
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
    a.receivers.length === b.receivers.length &&
    a.receivers.every((each, index) => each.state === b.receivers[index]?.state)
  );
}
