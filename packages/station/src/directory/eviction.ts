import type { Clock } from '@dimp/core';
import type { MaybePromise } from '@dimp/foundation';
import type { EntityKey } from '@dimp/mkm';
import type { Limits } from '../limits/limits.ts';
import { type KnownIdentities, type KnownIdentity, NO_ORIGIN } from './known-identities.ts';

/** Reason not to evict an identity: `here` always holds; `messages` holds while its origin has at most its share. */
export type Hold = 'here' | 'messages';

/** Options for {@link findEvictable}. */
export interface EvictionOptions {
  readonly known: KnownIdentities;
  readonly limits: Pick<Limits, 'identities' | 'identityRetention'>;
  readonly clock: Clock;
  /** Returns the reason not to evict an identity; undefined if there is none. */
  readonly held: (entity: EntityKey) => MaybePromise<Hold | undefined>;
}

/** Number of origins that are searched, the largest first, and entries of each, so that a search is short. */
const MOST_ORIGINS = 16;
const MOST_ENTRIES = 64;
/** Prefix of the origin of a neighbour, and the number of addresses that it counts as. */
export const NEIGHBOUR_ORIGIN = 'n';
const NEIGHBOUR_TIMES = 16;

interface Origin {
  readonly name: string;
  readonly weight: number;
}

/**
 * Finds the identity that a full directory evicts for a newcomer. First choice: an identity that never logged in, or
 * not within the retention time, without waiting messages, of the largest origin that has more than the newcomer's, or
 * of the newcomer's own. Second choice: one that is not connected, of an origin with more than its share of the
 * directory. Otherwise, logging in once with each of many identities would fill the directory for good.
 *
 * @param newcomer - origin of the newcomer
 * @param except - the newcomer, if already in the directory
 * @throws `store/` codes
 */
export async function findEvictable(
  options: EvictionOptions,
  newcomer: string,
  except?: EntityKey,
): Promise<KnownIdentity | undefined> {
  const { known, limits, clock } = options;
  const own = weightOf(
    newcomer,
    (known.counts.get(newcomer) ?? 0) - (except === undefined ? 0 : 1),
  );
  const origins = largest(known.counts, newcomer);
  const since = clock.now() - limits.identityRetention;
  const isUnused = ({ used = 0 }: KnownIdentity): boolean => used <= since;
  for (const { name, weight } of origins) {
    if (name !== newcomer && weight <= own) continue;
    const found = await first(options, name, except, (each, hold) => !hold && isUnused(each));
    if (found !== undefined) return found;
  }
  const share = limits.identities / known.counts.size;
  for (const { name, weight } of origins) {
    // After the eviction the newcomer's origin must not have more than this one.
    if (weight <= share || weight < own + 2) continue;
    const found =
      (await first(options, name, except, (_, hold) => !hold)) ??
      (await first(options, name, except, (_, hold) => hold !== 'here'));
    if (found !== undefined) return found;
  }
  return undefined;
}

async function first(
  { known, held }: EvictionOptions,
  origin: string,
  except: EntityKey | undefined,
  isDispensable: (each: KnownIdentity, hold: Hold | undefined) => boolean,
): Promise<KnownIdentity | undefined> {
  let looked = 0;
  for await (const each of known.from(origin)) {
    if (looked >= MOST_ENTRIES) return undefined;
    looked += 1;
    if (each.entity === except) continue;
    if (isDispensable(each, await held(each.entity))) return each;
  }
  return undefined;
}

/** Returns the largest origins in descending order, then the newcomer's own and the unknown origin. */
function largest(counts: ReadonlyMap<string, number>, newcomer: string): readonly Origin[] {
  const top: Origin[] = [];
  for (const [name, count] of counts) {
    const weight = weightOf(name, count);
    if (top.length >= MOST_ORIGINS && weight <= (top.at(-1)?.weight ?? 0)) continue;
    const at = top.findIndex((each) => each.weight < weight);
    top.splice(at === -1 ? top.length : at, 0, { name, weight });
    if (top.length > MOST_ORIGINS) top.pop();
  }
  for (const name of [newcomer, NO_ORIGIN]) {
    const count = counts.get(name);
    if (count === undefined || top.some((each) => each.name === name)) continue;
    top.push({ name, weight: weightOf(name, count) });
  }
  return top;
}

/** Weighs an origin: a neighbour relays for many users, and identities of unknown origin may each have their own. */
function weightOf(origin: string, count: number): number {
  if (origin === NO_ORIGIN) return Math.min(count, 1);
  return origin.startsWith(NEIGHBOUR_ORIGIN) ? count / NEIGHBOUR_TIMES : count;
}
