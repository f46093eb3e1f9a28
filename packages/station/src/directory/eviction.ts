import type { Clock } from '@dimp/core';
import type { MaybePromise } from '@dimp/foundation';
import type { EntityKey } from '@dimp/mkm';
import type { Limits } from '../limits/limits.ts';
import { type KnownIdentities, type KnownIdentity, NO_ORIGIN } from './known-identities.ts';

/** What keeps somebody from being forgotten: `here` always does, waiting messages while their origin has no more than its share. */
export type Hold = 'here' | 'messages';

/** What {@link findEvictable} looks at. */
export interface EvictionOptions {
  readonly known: KnownIdentities;
  readonly limits: Pick<Limits, 'identities' | 'identityRetention'>;
  readonly clock: Clock;
  /** What keeps somebody from being forgotten; undefined if nothing does. */
  readonly held: (entity: EntityKey) => MaybePromise<Hold | undefined>;
}

/** Origins that are looked at, the largest ones, and entries of each: the search has to end soon. */
const MOST_ORIGINS = 16;
const MOST_ENTRIES = 64;
/** What begins the origin of those whom a neighbour has told of, and as how many addresses it counts. */
export const NEIGHBOUR_ORIGIN = 'n';
const NEIGHBOUR_TIMES = 16;

interface Origin {
  readonly name: string;
  readonly weight: number;
}

/**
 * Whom a full directory forgets for a newcomer. Whoever never logged in, or not for as long as identities are retained, and has no
 * messages waiting, of the largest origin that has more than the newcomer's, or of the newcomer's own. If there is nobody, anybody
 * who is not here now, of an origin that has more than its share of the whole directory: otherwise logging in once with each of many
 * identities would keep everybody else out.
 *
 * @param newcomer - their origin
 * @param except - the newcomer, if they are among the known already
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
    // After the change the newcomer's origin still has no more than this one.
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

/** The largest origins, with the newcomer's own and those whose origin was never noted, the largest first. */
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

/** Many speak through a neighbour, and those whose origin is not known may each have their own. */
function weightOf(origin: string, count: number): number {
  if (origin === NO_ORIGIN) return Math.min(count, 1);
  return origin.startsWith(NEIGHBOUR_ORIGIN) ? count / NEIGHBOUR_TIMES : count;
}
