import type { ID } from '@dimp/mkm';
import { type CopyRef, keyOf } from './outgoing-message.ts';
import type { ResendPolicy } from './resend-timers.ts';

/**
 * When copies that a station says to have are offered again. All times come from their records, so that neither a restart
 * nor a sleeping computer moves them.
 */
export class Offers {
  readonly #policy: ResendPolicy;
  /** Copies that are on their way to the transport. */
  readonly #underWay = new Set<string>();

  constructor(policy: ResendPolicy) {
    this.#policy = policy;
  }

  /**
   * Whether it is time to offer a copy again; if so, not again before {@link end}.
   *
   * @param station - the one we are connected to, if it is known
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

  /** @returns whether it was on its way */
  end(ref: CopyRef): boolean {
    return this.#underWay.delete(keyOf(ref));
  }

  #due({ outgoing, index }: CopyRef, station: ID | undefined, now: number): number {
    const { offeredAfter, offeredAtMostEvery, atMostEvery } = this.#policy;
    const copy = outgoing.copy(index);
    const delivered = copy.delivered ?? outgoing.since;
    const last = copy.offered ?? delivered;
    // A clock that was set back must not keep it for ever.
    if (last > now) return now;
    const pause = Math.min(Math.max(last - delivered, offeredAfter), offeredAtMostEvery);
    // Another station may do what the one before did not.
    const isOther =
      station !== undefined && copy.station !== undefined && copy.station !== station.entity;
    return last + (isOther ? Math.min(pause, atMostEvery) : pause);
  }
}
