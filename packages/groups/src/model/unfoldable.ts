import type { EntityKey } from '@dimp/mkm';
import { type Entry, isEntryOf } from './entry.ts';
import type { Resolution } from './resolve.ts';

/** What stays live at a checkpoint. */
export interface Unfoldable {
  /** Names of the entries. */
  readonly entries: ReadonlySet<string>;
  /** The members whose additions and removals stay live: the checkpoint says of them what the one before it said. */
  readonly users: ReadonlySet<EntityKey>;
  /** The users whose resignation stays live: the checkpoint keeps them as administrators until it is settled. */
  readonly resigned: ReadonlySet<EntityKey>;
}

/** What the maker of a checkpoint knows. */
export interface UnfoldableFacts {
  /** The entries that they know, settled ones included, by name. */
  readonly known: ReadonlyMap<string, unknown>;
  /** Of the new checkpoint in milliseconds: what is older cannot come any more. */
  readonly floor: number;
  /** Names of entries that are settled in any case. */
  readonly reject: ReadonlySet<string>;
  /** Whether somebody is owner or administrator after the checkpoint. */
  readonly stays: (issuer: EntityKey) => boolean;
  /** Whether somebody was appointed before the checkpoint, including those who have resigned or left. */
  readonly wasAppointed: (user: EntityKey) => boolean;
  /** Whether the checkpoint may keep somebody as administrator who has resigned: the founder has not chosen others. */
  readonly mayKeep: (user: EntityKey) => boolean;
}

/**
 * Returns the entries that a checkpoint must not settle: additions over a removal that its maker does not know. The removal may
 * still come and would count against the member once the addition is settled. With such an addition all other additions and
 * removals of its members and their resignations stay live, and so on: each of them alone would mean something else.
 */
export function unfoldable(
  { checkpoint, live, counted }: Resolution,
  facts: UnfoldableFacts,
): Unfoldable {
  const { known, floor, reject } = facts;
  const entries = new Set<string>();
  const users = new Set<EntityKey>();
  const resigned = new Set<EntityKey>();
  const candidates = live.filter(
    ({ name, time }) => time > floor && !reject.has(name) && counted.has(name),
  );
  // The list of a deployed client concerns all members and cannot be taken apart.
  if (candidates.some((entry) => isEntryOf(entry, 'list'))) return { entries, users, resigned };
  const byUser = indexByUser(candidates);
  const resigning = resigningIn(candidates);
  const isSame = (entry: Entry): boolean =>
    mayStay(entry, facts) &&
    (entry.issuer === checkpoint.issuer || removesAsBefore(entry, resigning, facts));
  for (const entry of candidates) {
    if (entries.has(entry.name) || !isOverUnknown(entry, known)) continue;
    const group = connectedTo(entry, byUser);
    // What would mean something else after the checkpoint is settled now.
    if (!group.entries.every(isSame)) continue;
    for (const each of group.entries) entries.add(each.name);
    for (const each of group.users) users.add(each);
    for (const each of resigningIn(group.entries)) resigned.add(each);
  }
  return { entries, users, resigned };
}

/** What somebody has said who loses the right to say it does not count if it stays live. */
function mayStay(entry: Entry, { stays, mayKeep }: UnfoldableFacts): boolean {
  if (isEntryOf(entry, 'resign')) return mayKeep(entry.issuer);
  return isEntryOf(entry, 'quit') || stays(entry.issuer);
}

/**
 * Whether an administrator's removal says the same after the checkpoint. It is void for other administrators and would begin to
 * count for those who are none any more. Those who have resigned stay administrators up to their resignation, which stays live.
 */
function removesAsBefore(
  entry: Entry,
  resigning: ReadonlySet<EntityKey>,
  { stays, wasAppointed }: UnfoldableFacts,
): boolean {
  if (!isEntryOf(entry, 'remove')) return true;
  return entry.act.members.every(
    (each) => stays(each) || resigning.has(each) || !wasAppointed(each),
  );
}

function resigningIn(entries: readonly Entry[]): ReadonlySet<EntityKey> {
  const resignations = entries.filter((entry) => isEntryOf(entry, 'resign'));
  return new Set(resignations.map(({ issuer }) => issuer));
}

/** The entries about the same members as an entry, about the other members of these, and so on. */
function connectedTo(
  first: Entry,
  byUser: ReadonlyMap<EntityKey, readonly Entry[]>,
): { readonly entries: readonly Entry[]; readonly users: ReadonlySet<EntityKey> } {
  const entries = new Set([first]);
  const users = new Set<EntityKey>();
  // The set grows during the loop.
  for (const entry of entries) {
    for (const user of usersOf(entry)) {
      if (users.has(user)) continue;
      users.add(user);
      for (const each of byUser.get(user) ?? []) entries.add(each);
    }
  }
  return { entries: [...entries], users };
}

function isOverUnknown(entry: Entry, known: ReadonlyMap<string, unknown>): boolean {
  if (!isEntryOf(entry, 'add')) return false;
  const { members, over } = entry.act;
  return members.some((member) => over.get(member)?.some((name) => !known.has(name)));
}

function indexByUser(entries: readonly Entry[]): ReadonlyMap<EntityKey, readonly Entry[]> {
  const index = new Map<EntityKey, Entry[]>();
  for (const entry of entries) {
    for (const user of usersOf(entry)) {
      const list = index.get(user) ?? [];
      index.set(user, list);
      list.push(entry);
    }
  }
  return index;
}

/** The users of whom an entry says whether they are members, or whether administrators may remove them. */
function usersOf(entry: Entry): readonly EntityKey[] {
  if (isEntryOf(entry, 'add') || isEntryOf(entry, 'remove') || isEntryOf(entry, 'invite')) {
    return entry.act.members;
  }
  return isEntryOf(entry, 'quit') || isEntryOf(entry, 'resign') ? [entry.issuer] : [];
}
