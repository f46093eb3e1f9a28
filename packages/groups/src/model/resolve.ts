import type { JsonObject } from '@dimp/foundation';
import type { EntityKey } from '@dimp/mkm';
import { administratorsAt } from './administrators.ts';
import { digestOf } from './digest.ts';
import { type BulletinFacts, type Entry, type EntryOf, isEntryOf, MAX_MEMBERS } from './entry.ts';
import { liveEntries, newestCheckpoint } from './live.ts';
import { Membership } from './membership.ts';
import { type Proposal, proposalsOf } from './proposals.ts';

/** What the members of a group agree on, once they have the same entries. */
export interface Resolution {
  readonly checkpoint: EntryOf<'list'>;
  /** The founder first; at most 1,024. */
  readonly members: readonly EntityKey[];
  /** Administrators who are members and have not resigned, with the time of their appointment in milliseconds. */
  readonly administrators: ReadonlyMap<EntityKey, number>;
  readonly policy: JsonObject;
  /** In the order of the entries. */
  readonly proposals: readonly Proposal[];
  /** The entries that the checkpoint has not settled, in their order. */
  readonly live: readonly Entry[];
  /** Names of the live entries that count. */
  readonly counted: ReadonlySet<string>;
  /** Names of the removals in force of each member. */
  readonly removals: ReadonlyMap<EntityKey, readonly string[]>;
  /** Digest that group contents carry, so that members notice a difference: 22 characters. */
  readonly digest: string;
}

/** Options of {@link resolve}. */
export interface ResolveOptions {
  /** Names of entries that have no effect, for the founder who rejects them. */
  readonly without?: ReadonlySet<string>;
}

/**
 * Returns the state of a group, as a function of sets: neither order nor repetition of the entries matters (spec §20.11).
 *
 * @param bulletin - the newest bulletin, if it is known
 * @param entries - verified entries of this group, without two of one name
 * @returns undefined without a checkpoint: the state is not known
 */
export function resolve(
  founder: EntityKey,
  bulletin: BulletinFacts | undefined,
  entries: Iterable<Entry>,
  { without }: ResolveOptions = {},
): Resolution | undefined {
  const all = [...entries];
  const checkpoint = newestCheckpoint(founder, all);
  if (checkpoint === undefined) return undefined;
  const appointed = administratorsAt(founder, checkpoint, bulletin);
  const live = liveEntries(founder, checkpoint, all);
  const reading = new Reading(founder, checkpoint, appointed);
  for (const entry of live) if (!without?.has(entry.name)) reading.read(entry);

  const { membership, rights } = reading;
  const members = membership.list().slice(0, MAX_MEMBERS);
  const present = new Set(members);
  const open = live.filter(({ name }) => !without?.has(name));
  const proposals = proposalsOf(open, {
    present,
    settled: reading.answered,
    counted: reading.counted,
  });
  const counted = reading.counted;
  for (const entry of open) {
    const { issuer, name } = entry;
    if (isEntryOf(entry, 'quit') && issuer !== founder && membership.isKnown(issuer))
      counted.add(name);
  }
  for (const { entry } of proposals) if (isEntryOf(entry, 'invite')) counted.add(entry.name);
  return {
    checkpoint,
    members,
    administrators: new Map(
      [...appointed].filter(([each]) => present.has(each) && !rights.hasResigned(each)),
    ),
    policy: checkpoint.act.state?.policy ?? {},
    proposals,
    live,
    counted,
    removals: membership.removals,
    digest: digestOf(checkpoint.name, counted),
  };
}

/** Who may change a group, as far as the entries were read. */
class Rights {
  readonly #founder: EntityKey;
  readonly #appointed: ReadonlyMap<EntityKey, number>;
  readonly #resigned = new Set<EntityKey>();

  constructor(founder: EntityKey, appointed: ReadonlyMap<EntityKey, number>) {
    this.#founder = founder;
    this.#appointed = appointed;
  }

  /** Whether the issuer of an entry may change the group at that time. */
  mayIssue({ issuer, time }: Entry): boolean {
    if (issuer === this.#founder) return true;
    const since = this.#appointed.get(issuer);
    return since !== undefined && time >= since && !this.hasResigned(issuer);
  }

  /** Whether the issuer of an entry may remove a member: only the founder removes administrators. */
  mayRemove(member: EntityKey, { issuer }: Entry): boolean {
    if (member === this.#founder) return false;
    return issuer === this.#founder || !this.isAdministrator(member);
  }

  isAdministrator(user: EntityKey): boolean {
    return this.#appointed.has(user) && !this.hasResigned(user);
  }

  hasResigned(user: EntityKey): boolean {
    return this.#resigned.has(user);
  }

  resign(user: EntityKey): void {
    this.#resigned.add(user);
  }

  get administrators(): readonly EntityKey[] {
    return [...this.#appointed.keys()].filter((each) => !this.hasResigned(each));
  }
}

/** Reads live entries in their order. */
class Reading {
  readonly membership: Membership;
  readonly rights: Rights;
  /** Names of the entries that count. */
  readonly counted = new Set<string>();
  /** Names of the proposals that were accepted or refused. */
  readonly answered = new Set<string>();
  readonly #founder: EntityKey;

  constructor(
    founder: EntityKey,
    checkpoint: EntryOf<'list'>,
    appointed: ReadonlyMap<EntityKey, number>,
  ) {
    this.#founder = founder;
    this.membership = new Membership(founder, checkpoint);
    this.rights = new Rights(founder, appointed);
  }

  read(entry: Entry): void {
    if (this.#counts(entry)) this.counted.add(entry.name);
  }

  /** Applies an entry. @returns whether its issuer may do what it says */
  #counts(entry: Entry): boolean {
    if (isEntryOf(entry, 'quit')) {
      this.membership.remove(entry.issuer, entry);
      // Whether somebody leaves whom nobody has added shows only at the end.
      return false;
    }
    if (isEntryOf(entry, 'join')) return false;
    if (!this.rights.mayIssue(entry)) return false;
    if (isEntryOf(entry, 'resign')) return this.#resign(entry);
    if (isEntryOf(entry, 'add')) return this.#add(entry);
    if (isEntryOf(entry, 'remove')) return this.#remove(entry);
    if (isEntryOf(entry, 'review')) return this.#answer(entry.act.declines);
    if (isEntryOf(entry, 'invite')) return this.#invite(entry);
    return isEntryOf(entry, 'list') && this.#replace(entry);
  }

  #resign({ issuer }: Entry): boolean {
    if (issuer === this.#founder) return false;
    this.rights.resign(issuer);
    return true;
  }

  #add(entry: EntryOf<'add'>): boolean {
    const { members, over, answers } = entry.act;
    for (const each of members) this.membership.add(each, entry, over.get(each));
    return this.#answer(answers);
  }

  #remove(entry: EntryOf<'remove'>): boolean {
    const allowed = entry.act.members.filter((each) => this.rights.mayRemove(each, entry));
    for (const each of allowed) this.membership.remove(each, entry);
    return allowed.length > 0;
  }

  #answer(names: readonly string[]): boolean {
    for (const each of names) this.answered.add(each);
    return true;
  }

  /** An invitation by the deployed client of an administrator: it overrules the earlier removals. */
  #invite(entry: EntryOf<'invite'>): boolean {
    for (const each of entry.act.members) this.#addOverAll(each, entry);
    return true;
  }

  /**
   * The list of an administrator's deployed client: additions and removals, compared with the members by everything earlier.
   */
  #replace(entry: EntryOf<'list'>): boolean {
    const { members, state } = entry.act;
    if (state !== undefined) return false;
    const listed = new Set(members);
    // Deployed clients refuse lists without all administrators.
    const isComplete =
      members[0] === this.#founder && this.rights.administrators.every((each) => listed.has(each));
    if (!isComplete) return false;
    for (const each of this.membership.list()) {
      if (!listed.has(each) && this.rights.mayRemove(each, entry)) {
        this.membership.remove(each, entry);
      }
    }
    for (const each of listed) if (!this.membership.isMember(each)) this.#addOverAll(each, entry);
    return true;
  }

  #addOverAll(member: EntityKey, entry: Entry): void {
    this.membership.add(member, entry, this.membership.removalsOf(member));
  }
}
