import type { Clock } from '@dimp/core';
import { definedOnly } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { StoredPlace } from './deferred-store.ts';
import { messageOfVariant } from './variants.ts';

/**
 * Why a message is deferred: `order`, the message before it is missing; `identity`, the meta of its sender is not
 * known; `members`, the members of its group are not known; `clock`, it is from the future by our clock.
 */
export type DeferredReason = 'order' | 'identity' | 'members' | 'clock';

/** A message that has arrived and waits for something else. */
export interface DeferredMessage {
  /** Name of the message, under which it is shown later. */
  readonly id: string;
  /** The sender. Not verified yet for the reason `identity`. */
  readonly sender?: ID;
  readonly reason: DeferredReason;
  /** When it arrived, in milliseconds since the epoch. */
  readonly since: number;
  /**
   * When it is shown at the latest, in milliseconds since the epoch; only for `order` and `clock`. Other messages are
   * dropped when they would be refused as too old.
   */
  readonly until?: number;
}

/**
 * Where messages wait: `suspended`, for a meta or a member list; `early`, for the message before them; `ahead`, for
 * their time.
 */
export type DeferredArea = 'suspended' | 'early' | 'ahead';

/** Describes a message that waits. */
export function deferredMessage(
  area: DeferredArea,
  { key, id, sender: text, arrived, due }: StoredPlace,
  orderTimeout: number,
  readID: (text: unknown) => ID,
): DeferredMessage {
  const sender = text === undefined ? undefined : readID(text);
  return {
    id: messageOfVariant(id),
    ...definedOnly({ sender }),
    reason: reasonOf(area, () => readID(key)),
    since: Math.floor(arrived),
    ...(area === 'early' ? { until: Math.floor(arrived) + orderTimeout } : {}),
    ...(due === undefined ? {} : { until: Math.ceil(due) }),
  };
}

function reasonOf(area: DeferredArea, missing: () => ID): DeferredReason {
  if (area === 'early') return 'order';
  if (area === 'ahead') return 'clock';
  return missing().isGroup ? 'members' : 'identity';
}

/**
 * Returns the rest of a time span in milliseconds. The span may have begun in an earlier run of the program. After a
 * clock was set back, the rest is never longer than the span.
 *
 * @param since - milliseconds since the epoch
 * @param span - milliseconds
 */
export function remaining(clock: Clock, since: number, span: number): number {
  return Math.min(span, Math.max(0, Math.floor(since) + span - clock.now()));
}
