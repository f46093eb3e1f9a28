import type { ID } from '@dimp/mkm';
import { type CopyRef, keyOf } from './outgoing-message.ts';
import type { ResendPolicy } from './resend-timers.ts';

/**
 * Decides when copies that a station has reported as delivered are sent again. All times come from their records, so
 * neither a restart nor a sleeping computer moves them.
 */
export class Offers {
  readonly #policy: ResendPolicy;
  /** Copies that are queued to be sent again. */
  readonly #underWay = new Set<string>();

  constructor(policy: ResendPolicy) {
    this.#policy = policy;
  }

  /**
   * Returns whether it is time to send a copy again. After true it returns false until {@link end}.
   *
   * @param station - the station we are connected to, if it is known
   * @param now - milliseconds since the epoch
   */
  begin(ref: CopyRef, station: ID | undefined, now: number): boolean {
    const key = keyOf(ref);
    if (this.#underWay.has(key) || now < this.#due(ref, station, now)) return false;
    this.#underWay.add(key);
    return true;
  }

  isUnderWay(ref: CopyRef): boolean {
    return this.#underWay.has(keyOf(ref));
  }

  /** @returns whether it was queued */
  end(ref: CopyRef): boolean {
    return this.#underWay.delete(keyOf(ref));
  }

  #due({ outgoing, index }: CopyRef, station: ID | undefined, now: number): number {
    const { offeredAfter, offeredAtMostEvery, atMostEvery } = this.#policy;
    const copy = outgoing.copy(index);
    const delivered = copy.delivered ?? outgoing.since;
    const last = copy.offered ?? delivered;
    // A clock that was set back must not delay it for ever.
    if (last > now) return now;
    const pause = Math.min(Math.max(last - delivered, offeredAfter), offeredAtMostEvery);
    // Another station may deliver the message.
    const isOther =
      station !== undefined && copy.station !== undefined && copy.station !== station.entity;
    return last + (isOther ? Math.min(pause, atMostEvery) : pause);
  }
}
