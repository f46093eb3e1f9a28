import type { Clock } from '@dimp/core';
import { definedOnly } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { StoredPlace } from './deferred-store.ts';
import { messageOfVariant } from './variants.ts';

/**
 * Why a message is kept and not shown: `order`, the message before it has not come; `identity`, the meta of its sender is
 * not known; `members`, the members of its group are not known; `clock`, its time has not come by our clock.
 */
export type DeferredReason = 'order' | 'identity' | 'members' | 'clock';

/** A message that has arrived and is kept until something else has come. */
export interface DeferredMessage {
  /** Name of the message, the same under which it is shown later. */
  readonly id: string;
  /** Who has sent it. For `identity` nobody has verified that yet. */
  readonly sender?: ID;
  readonly reason: DeferredReason;
  /** When it arrived, in milliseconds since the epoch. */
  readonly since: number;
  /**
   * When it is shown at the latest, in milliseconds since the epoch; for `order` and `clock` only: the others are dropped
   * when they would be refused as too old.
   */
  readonly until?: number;
}

/** Where messages wait: for something of somebody that is asked for, for the message before them, for their time. */
export type DeferredArea = 'suspended' | 'early' | 'ahead';

/** What is told of a message that waits. */
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
 * How long to wait until a time span is over, in milliseconds: counted from when it began, which may be in an earlier run
 * of the program. A clock that was set back makes nothing wait longer than the whole span.
 *
 * @param since - milliseconds since the epoch
 * @param span - milliseconds
 */
export function remaining(clock: Clock, since: number, span: number): number {
  return Math.min(span, Math.max(0, Math.floor(since) + span - clock.now()));
}
