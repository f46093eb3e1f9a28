import type { ErrorCode } from '@dimp/foundation';
import type { LimitName } from '../limits/limits.ts';

/** What a station counts: it only grows. */
export type StationCounter =
  /** Connections that were accepted. */
  | 'connections'
  /** Logins, of neighbours as well. */
  | 'logins'
  | 'messages.received'
  | 'messages.refused'
  /** Put into an inbox: one for each member of a group. */
  | 'messages.stored'
  /** Acknowledged by a device of the receiver. */
  | 'messages.delivered'
  /** Acknowledged by the station that the receiver is at. */
  | 'messages.redirected'
  /** Came before; acknowledged again and not stored. */
  | 'messages.duplicate'
  /** Waited for the receiver too long. */
  | 'messages.expired'
  /** Passed on to the neighbours. */
  | 'messages.broadcast'
  /** Commands for the station itself. */
  | 'commands'
  | 'receipts.sent'
  | 'receipts.dropped'
  | 'store.failures';

/** What a station has at the moment. */
export type StationGauge =
  | 'connections.open'
  /** Connections that somebody has logged in over. */
  | 'sessions.open'
  /** Messages in all inboxes. */
  | 'inbox.messages'
  /** Bytes of messages in all inboxes. */
  | 'inbox.bytes'
  /** Messages that wait for the store. */
  | 'queue.commit'
  /** Receipts that wait to be signed. */
  | 'queue.receipts';

/** What a station measures. */
export type StationHistogram =
  /** Seconds that a write to the store took. */
  | 'commit.seconds'
  /** Messages that shared a write. */
  | 'commit.messages'
  /** Seconds from the arrival of a message until a device of the receiver acknowledged it. */
  | 'delivery.seconds';

/**
 * Where a station's figures go. Methods are called on the hot path: they add up, and never throw. No label is anything that
 * a peer has chosen.
 */
export interface StationMetrics {
  /** @param amount - at least 0 */
  add(counter: StationCounter, amount: number): void;
  /** @param amount - by how much a gauge rises, or falls if negative */
  change(gauge: StationGauge, amount: number): void;
  observe(histogram: StationHistogram, value: number): void;
  /** A message or connection was refused with an error of this code. */
  refused(code: ErrorCode): void;
  /** A limit was hit. */
  limited(limit: LimitName): void;
}

/** Counts nothing. */
export const silentMetrics: StationMetrics = /* @__PURE__ */ Object.freeze<StationMetrics>({
  add() {},
  change() {},
  observe() {},
  refused() {},
  limited() {},
});
