import type { ErrorCode } from '@dimp/foundation';
import type { LimitName } from '../limits/limits.ts';

/** Counters of a station. They only grow. */
export type StationCounter =
  /** Accepted connections. */
  | 'connections'
  /** Logins, including those of neighbours. */
  | 'logins'
  | 'messages.received'
  | 'messages.refused'
  /** Messages put into an inbox; a group message counts once for each member. */
  | 'messages.stored'
  /** Messages acknowledged by a device of the receiver. */
  | 'messages.delivered'
  /** Messages acknowledged by the station of the receiver. */
  | 'messages.redirected'
  /** Messages received before: acknowledged again and not stored. */
  | 'messages.duplicate'
  /** Messages that were not delivered within the retention time. */
  | 'messages.expired'
  /** Broadcasts sent to the neighbours. */
  | 'messages.broadcast'
  /** Commands for the station itself. */
  | 'commands'
  | 'receipts.sent'
  | 'receipts.dropped'
  | 'store.failures';

/** Gauges of a station. */
export type StationGauge =
  | 'connections.open'
  /** Connections with a logged-in user. */
  | 'sessions.open'
  /** Messages in all inboxes. */
  | 'inbox.messages'
  /** Bytes of messages in all inboxes. */
  | 'inbox.bytes'
  /** Messages that wait for the store. */
  | 'queue.commit'
  /** Receipts that wait to be signed. */
  | 'queue.receipts';

/** Histograms of a station. */
export type StationHistogram =
  /** Duration of a write to the store, in seconds. */
  | 'commit.seconds'
  /** Messages in one write. */
  | 'commit.messages'
  /** Seconds from the arrival of a message until a device of the receiver acknowledged it. */
  | 'delivery.seconds';

/**
 * Receives the figures of a station. The methods are called for every message, so they must be fast and must not throw.
 * No label is chosen by a peer.
 */
export interface StationMetrics {
  /** @param amount - at least 0 */
  add(counter: StationCounter, amount: number): void;
  /** @param amount - difference; negative if the gauge falls */
  change(gauge: StationGauge, amount: number): void;
  observe(histogram: StationHistogram, value: number): void;
  /** A message or connection was refused with an error of this code. */
  refused(code: ErrorCode): void;
  /** A limit was hit. */
  limited(limit: LimitName): void;
}

/** Metrics that are not recorded. */
export const silentMetrics: StationMetrics = /* @__PURE__ */ Object.freeze<StationMetrics>({
  add() {},
  change() {},
  observe() {},
  refused() {},
  limited() {},
});
