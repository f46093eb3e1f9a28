import type { JsonObject } from '@dimp/foundation';
import type { EntityKey } from '@dimp/mkm';
import { administratorsAt } from './administrators.ts';
import {
  type BulletinFacts,
  type CheckpointState,
  type Entry,
  type EntryOf,
  isEntryOf,
  MAX_MEMBERS,
} from './entry.ts';
import { floorOf, isCheckpoint } from './live.ts';
import { type Resolution, resolve } from './resolve.ts';
import { unfoldable } from './unfoldable.ts';

/** An entry that old can no longer be under way: stations keep messages for 7 days. */
export const SETTLED_AFTER_MS: number = 8 * 86_400_000;
/** Most names of settled entries in a checkpoint. */
export const MAX_FOLDS = 256;

/** What a founder changes with a checkpoint. */
export interface CheckpointChanges {
  /** All administrators from now on; those of the present state by default. */
  readonly administrators?: readonly EntityKey[];
  /** Time of the new bulletin in milliseconds, from which new administrators may act; that of the checkpoint by default. */
  readonly since?: number;
  readonly policy?: JsonObject;
  /** Names of entries whose effect the founder rejects. */
  readonly reject?: ReadonlySet<string>;
}

/** What a checkpoint is made of. */
export interface CheckpointSource {
  readonly founder: EntityKey;
  /** The bulletin before a change of administrators: their entries count for it. */
  readonly bulletin: BulletinFacts | undefined;
  /** All entries that the founder's program has, settled ones and older checkpoints included. */
  readonly entries: readonly Entry[];
  /** In milliseconds since the epoch. */
  readonly now: number;
}

/** A checkpoint to be signed. */
export interface NewCheckpoint {
  /** In milliseconds since the epoch. */
  readonly time: number;
  readonly members: readonly EntityKey[];
  readonly state: CheckpointState;
}

/**
 * Makes the next checkpoint of a group: the members as they are, and the names of the entries that this list contains. It decides
 * about no membership itself. Entries that its maker does not know stay live.
 *
 * @returns undefined if the state of the group is not known
 */
export function nextCheckpoint(
  source: CheckpointSource,
  changes: CheckpointChanges = {},
): NewCheckpoint | undefined {
  const { founder, bulletin, entries, now } = source;
  const { reject = new Set<string>() } = changes;
  const present = resolve(founder, bulletin, entries);
  const settled = resolve(founder, bulletin, entries, { without: reject });
  if (present === undefined || settled === undefined) return undefined;
  // Not older than the bulletin, which would replace its administrators.
  const time = Math.max(nextTime(entries, now), bulletin?.time ?? 0, changes.since ?? 0);
  const dismissed = dismissedBy(present, changes);
  const appointed = administratorsAt(founder, present.checkpoint, bulletin);
  const { floor, folds, open, kept } = chooseFolds(source, present, {
    appointed,
    dismissed,
    reject,
    wanted: changes.administrators && new Set(changes.administrators),
  });
  return {
    time,
    members: membersAfter(settled, open),
    state: {
      floor,
      folds: new Set(folds),
      administrators: new Map([
        ...kept,
        // Those who are appointed again have a newer time.
        ...administratorsAfter(settled, changes, changes.since ?? time),
      ]),
      policy: changes.policy ?? settled.policy,
      previous: present.checkpoint.name,
    },
  };
}

/** Returns the time for a new entry in milliseconds: later than all that its issuer knows. */
export function nextTime(entries: Iterable<Entry>, now: number): number {
  return Math.max(now, newestTime(entries) + 1);
}

function newestTime(entries: Iterable<Entry>): number {
  let newest = 0;
  for (const { time } of entries) newest = Math.max(newest, time);
  return newest;
}

function dismissedBy(
  { administrators }: Resolution,
  changes: CheckpointChanges,
): ReadonlySet<EntityKey> {
  const stay = new Set(changes.administrators ?? administrators.keys());
  return new Set([...administrators.keys()].filter((each) => !stay.has(each)));
}

/** Which names a checkpoint has, and which members depend on entries that stay live. */
interface Folds {
  readonly floor: number;
  readonly folds: readonly string[];
  readonly open: ReadonlySet<EntityKey>;
  /** Administrators whose resignation stays live, with the time of their appointment in milliseconds. */
  readonly kept: readonly (readonly [EntityKey, number])[];
}

/** What the founder decides with a checkpoint, for {@link chooseFolds}. */
interface Decided {
  /** Administrators by the last checkpoint and the bulletin, including those who have resigned or left. */
  readonly appointed: ReadonlyMap<EntityKey, number>;
  readonly dismissed: ReadonlySet<EntityKey>;
  readonly reject: ReadonlySet<string>;
  /** The administrators from now on, if they change. */
  readonly wanted: ReadonlySet<EntityKey> | undefined;
}

function chooseFolds(
  { founder, entries, now }: CheckpointSource,
  present: Resolution,
  { appointed, dismissed, reject, wanted }: Decided,
): Folds {
  const times = latestTimes(founder, entries);
  const stays = (user: EntityKey): boolean =>
    user === founder || (present.administrators.has(user) && !dismissed.has(user));
  let floor = floorAfter(founder, present.checkpoint, entries, now);
  for (;;) {
    const {
      entries: stay,
      users: open,
      resigned,
    } = unfoldable(present, {
      known: times,
      floor,
      reject,
      stays,
      wasAppointed: (user) => appointed.has(user),
      mayKeep: (user) => wanted === undefined || wanted.has(user),
    });
    const kept = [...appointed].filter(([each]) => resigned.has(each));
    const rights = new Map([...present.administrators, ...kept]);
    const names = new Set(present.checkpoint.act.state?.folds);
    for (const entry of present.live) {
      if (stay.has(entry.name)) continue;
      if (reject.has(entry.name) || isSettled(entry, present, { rights, dismissed })) {
        names.add(entry.name);
      }
    }
    const above = [...names]
      .map((name) => [name, times.get(name) ?? present.checkpoint.time] as const)
      .filter(([, time]) => time > floor)
      .sort((a, b) => a[1] - b[1]);
    const next = above[above.length - MAX_FOLDS - 1];
    if (next === undefined) return { floor, folds: above.map(([name]) => name), open, kept };
    // Entries that are under way and older are void then; their issuers see that and make them again.
    floor = next[1];
  }
}

/**
 * Whether a checkpoint settles a live entry. Open proposals stay, and what somebody has said who had no right to: its issuer may
 * get the right by an appointment that is not known here yet.
 */
function isSettled(
  entry: Entry,
  { counted, proposals, checkpoint }: Resolution,
  {
    rights,
    dismissed,
  }: {
    /** Administrators with the time of their appointment, including those whose resignation stays live. */
    readonly rights: ReadonlyMap<EntityKey, number>;
    readonly dismissed: ReadonlySet<EntityKey>;
  },
): boolean {
  if (proposals.some((each) => each.entry.name === entry.name)) return false;
  if (counted.has(entry.name) || dismissed.has(entry.issuer)) return true;
  if (isEntryOf(entry, 'quit')) return false;
  if (isEntryOf(entry, 'join') || isEntryOf(entry, 'invite')) return true;
  // What is void now may count once another administrator has left: a list of a deployed client without them.
  const since = rights.get(entry.issuer);
  return entry.issuer === checkpoint.issuer || (since !== undefined && entry.time >= since);
}

/** The latest time that each entry can have: its own, or that of the first checkpoint that has settled it. */
function latestTimes(founder: EntityKey, entries: readonly Entry[]): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const entry of entries) {
    if (!isCheckpoint(founder, entry)) continue;
    for (const name of entry.act.state?.folds ?? []) {
      times.set(name, Math.min(entry.time, times.get(name) ?? entry.time));
    }
  }
  for (const { name, time } of entries) times.set(name, time);
  return times;
}

function floorAfter(
  founder: EntityKey,
  checkpoint: EntryOf<'list'>,
  entries: readonly Entry[],
  now: number,
): number {
  let floor = floorOf(checkpoint);
  for (const entry of entries) {
    const isOld = entry.time <= now - SETTLED_AFTER_MS;
    if (isOld && isCheckpoint(founder, entry)) floor = Math.max(floor, entry.time);
  }
  return floor;
}

function membersAfter(settled: Resolution, open: ReadonlySet<EntityKey>): readonly EntityKey[] {
  const before = new Set([settled.checkpoint.issuer, ...settled.checkpoint.act.members]);
  const members = settled.members.filter((each) => !open.has(each) || before.has(each));
  // A member of the last checkpoint whose removal stays live.
  const listed = new Set(members);
  const pending = [...open].filter((each) => before.has(each) && !listed.has(each));
  return [...members, ...pending].slice(0, MAX_MEMBERS);
}

function administratorsAfter(
  { administrators, members, checkpoint }: Resolution,
  changes: CheckpointChanges,
  since: number,
): ReadonlyMap<EntityKey, number> {
  const wanted = new Set(changes.administrators ?? administrators.keys());
  wanted.delete(checkpoint.issuer);
  return new Map(
    members
      .filter((each) => wanted.has(each))
      .map((each) => [each, administrators.get(each) ?? since]),
  );
}

/** Returns the first checkpoint of a new group. Entries of an earlier group of the same name do not count. */
export function firstCheckpoint(
  founder: EntityKey,
  members: readonly EntityKey[],
  { time, policy = {} }: { readonly time: number; readonly policy?: JsonObject },
): NewCheckpoint {
  return {
    time,
    members: [...new Set([founder, ...members])].slice(0, MAX_MEMBERS),
    state: { floor: time - 1, folds: new Set(), administrators: new Map(), policy },
  };
}
