import type { ReliableMessage } from '@dimp/dkd';
import { ownMember } from '@dimp/foundation';

/** A message that is worthless sooner than this is not stored for a receiver who is offline. */
export const SHORT_LIVED_MS = 60_000;

/**
 * Returns when a message becomes worthless, from the member `until` of its envelope in seconds since the epoch (spec §11.7).
 * It is not signed: at worst a message is lost that its sender wanted to be forgotten soon.
 *
 * @returns milliseconds since the epoch; undefined if there is no such member, or it is not a finite number
 */
export function untilOf({ wire }: Pick<ReliableMessage, 'wire'>): number | undefined {
  const until = ownMember(wire, 'until');
  if (typeof until !== 'number') return undefined;
  const untilMs = until * 1000;
  return Number.isFinite(untilMs) ? untilMs : undefined;
}
