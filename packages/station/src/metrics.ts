import type { ErrorCode } from '@dimp/foundation';
import type { LimitName } from './limits/limits.ts';

/** What became of a message that came in; or of a copy of it, for each member of a group. */
export type MessageOutcome =
  /** On disk, in the inbox of its receiver. */
  | 'stored'
  /** Acknowledged by a device of the receiver. */
  | 'delivered'
  /** Acknowledged by the station that the receiver is at. */
  | 'redirected'
  /** A command or content for the station itself. */
  | 'processed'
  /** Passed on to the neighbours. */
  | 'broadcast'
  /** Came before, and was acknowledged again. */
  | 'duplicate'
  /** Not taken; {@link StationMetrics.refused} says why. */
  | 'refused'
  /** Waited for its receiver too long. */
  | 'expired';

/** Something that work waits in. */
export type QueueName =
  /** Messages whose signatures are being checked. */
  | 'verify'
  /** Messages that wait for the store. */
  | 'commit'
  /** Receipts that wait to be signed. */
  | 'receipts';

/**
 * Where a station counts what it does. Methods are called on the hot path: they only add up, and never throw. No label is
 * anything that a peer has chosen.
 */
export interface StationMetrics {
  /** @param change - connections that were opened, or closed if negative */
  connections(change: number): void;
  /** @param change - sessions that logged in, or ended if negative */
  sessions(change: number): void;
  /** Counts messages by what became of them. */
  messages(outcome: MessageOutcome, count?: number): void;
  /** Counts refusals by the code of their error. */
  refused(code: ErrorCode): void;
  /** Counts how often a limit was hit. */
  limited(limit: LimitName): void;
  /**
   * @param messages - change of the number of messages in all inboxes
   * @param bytes - change of their size
   */
  inbox(messages: number, bytes: number): void;
  /** How long a queue is now. */
  queue(name: QueueName, length: number): void;
  /**
   * A write to the store.
   *
   * @param seconds - how long it took
   * @param messages - how many messages shared it
   */
  committed(seconds: number, messages: number): void;
  /** @param seconds - from the arrival of a message to the acknowledgement of a device */
  delivered(seconds: number): void;
}

/** Counts nothing. */
export const silentMetrics: StationMetrics = /* @__PURE__ */ Object.freeze<StationMetrics>({
  connections() {},
  sessions() {},
  messages() {},
  refused() {},
  limited() {},
  inbox() {},
  queue() {},
  committed() {},
  delivered() {},
});
