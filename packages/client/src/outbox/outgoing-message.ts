import type { Waiting } from '@dimp/core';
import type { Content } from '@dimp/dkd';
import { expectsReceipt } from '@dimp/endpoint';
import type { ErrorCode } from '@dimp/foundation';
import { definedOnly } from '@dimp/foundation';
import { Delivery, type DeliveryControl, type DeliveryReport } from './delivery.ts';
import { jointState } from './delivery-state.ts';
import { type CopyRecord, deliveryError, type OutboxRecord } from './outbox-store.ts';

/** One receiver's copy of an outgoing message. */
export interface CopyRef {
  readonly outgoing: OutgoingMessage;
  readonly index: number;
}

/** Names a copy among all. */
export function keyOf({ outgoing, index }: CopyRef): string {
  return `${outgoing.id}/${index}`;
}

/** What is known of a packed copy. */
export type PackedFacts = Pick<CopyRecord, 'message' | 'visaTime' | 'keys'> & {
  readonly signature: string;
};

/** What may change of a record. */
export type OutgoingChange = Partial<
  Pick<OutboxRecord, 'form' | 'copies' | 'receipt' | 'retried'>
> & {
  readonly waitingFor?: Waiting | undefined;
};

/** How many older forms of a copy are remembered: a receiver seldom replaces keys twice while a message is on its way. */
const MAX_FORMER = 4;

/** An outgoing message in memory: its record, and the handle that its sender holds. */
export class OutgoingMessage {
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

  /** When it was sent, or tried again by hand, in milliseconds since the epoch. */
  get since(): number {
    return this.#record.retried ?? this.#record.created;
  }

  get hasFailed(): boolean {
    return this.#record.copies.some(({ state }) => state === 'failed');
  }

  /** References to the copies that a test holds for. */
  refs(test: (copy: CopyRecord) => boolean = () => true): readonly CopyRef[] {
    return this.#record.copies.flatMap((copy, index) =>
      test(copy) ? [{ outgoing: this, index }] : [],
    );
  }

  copy(index: number): CopyRecord {
    const copy = this.#record.copies[index];
    if (copy === undefined) throw new RangeError('no such copy');
    return copy;
  }

  /** Changes the record, and tells the listeners if that can be seen from outside. */
  change(change: OutgoingChange): void {
    const { waitingFor, ...rest } = { waitingFor: this.#record.waitingFor, ...change };
    const { waitingFor: _, ...before } = this.#record;
    const merged = { ...before, ...rest, ...definedOnly({ waitingFor }) };
    this.#record = { ...merged, settled: this.#isSettled(merged) };
    this.#tell();
  }

  /** @param receipt - text of the receipt that has brought the change */
  changeCopy(index: number, change: Partial<CopyRecord>, receipt?: string): void {
    const copies = this.#record.copies.map((copy, each) =>
      each === index ? { ...copy, ...change } : copy,
    );
    this.change({ copies, ...definedOnly({ receipt }) });
  }

  /**
   * A copy was packed anew, for other keys of its receiver: nobody has it yet. Receipts for what it was before still
   * count, because it is the same content.
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

  /** Takes over what another tab has written. */
  replace(record: OutboxRecord): void {
    this.#record = record;
    this.#tell();
  }

  /** Gives up all copies that have not come to their end. */
  fail(error: ErrorCode): void {
    this.#fail(error, (copy) => !this.#isFinal(copy));
  }

  /** Gives up all copies that could not be packed. */
  failUnpacked(error: ErrorCode): void {
    this.#fail(error, ({ message, state }) => message === undefined && state !== 'failed');
  }

  /**
   * Makes a new start with what was given up.
   *
   * @param now - milliseconds since the epoch
   */
  revive(now: number): void {
    const { receiver, copies } = this.#record;
    // The members may be others by now, or were never known.
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

  /** Whether a receipt of the receiver's program is to come for a copy. */
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
          : copies.map((copy) => (test(copy) ? { ...copy, ...failed } : copy)),
      waitingFor: undefined,
    });
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
    a.receivers.length === b.receivers.length &&
    a.receivers.every((each, index) => each.state === b.receivers[index]?.state)
  );
}
