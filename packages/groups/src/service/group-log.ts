import type { JsonObject } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import type { BulletinFacts, Entry } from '../model/entry.ts';
import { type Resolution, resolve } from '../model/resolve.ts';
import type { KeptEntry } from '../store/entry-record.ts';
import type { GroupRecord } from '../store/group-record.ts';

/** What a program knows of the documents of a group. */
export interface GroupFacts {
  /** Proven by the group's meta; undefined while meta or bulletin are not known. */
  readonly founder: ID | undefined;
  readonly bulletin: BulletinFacts | undefined;
  readonly assistants: readonly ID[];
}

/** A group in memory: its entries, and the state that they make. It is replaced when something changes. */
export class GroupLog {
  readonly id: ID;
  readonly facts: GroupFacts;
  readonly record: GroupRecord | undefined;
  readonly kept: ReadonlyMap<string, KeptEntry>;
  #state: { readonly resolution: Resolution | undefined } | undefined;

  constructor(
    id: ID,
    facts: GroupFacts,
    record: GroupRecord | undefined,
    kept: ReadonlyMap<string, KeptEntry>,
  ) {
    this.id = id;
    this.facts = facts;
    this.record = record;
    this.kept = kept;
  }

  get entries(): readonly Entry[] {
    return [...this.kept.values()].map(({ entry }) => entry);
  }

  /** Undefined while the founder or a checkpoint is not known. */
  get state(): Resolution | undefined {
    this.#state ??= { resolution: this.#resolve() };
    return this.#state.resolution;
  }

  with(changes: { readonly entry?: KeptEntry; readonly record?: GroupRecord }): GroupLog {
    const { entry, record = this.record } = changes;
    const kept = entry === undefined ? this.kept : new Map(this.kept).set(entry.entry.name, entry);
    return new GroupLog(this.id, this.facts, record, kept);
  }

  /** The signed messages of entries. */
  messagesOf(entries: readonly Pick<Entry, 'name'>[]): readonly JsonObject[] {
    const kept = entries.map(({ name }) => this.kept.get(name));
    return kept.filter((each) => each !== undefined).map(({ message }) => message);
  }

  isMember(user: EntityKey): boolean {
    return this.state?.members.includes(user) ?? false;
  }

  isStaff(user: EntityKey): boolean {
    return this.isFounder(user) || (this.state?.administrators.has(user) ?? false);
  }

  isFounder(user: EntityKey): boolean {
    return this.facts.founder?.entity === user;
  }

  /** Whether somebody was ever a member or an administrator, so that what they say is worth keeping. */
  hasHeardOf(user: EntityKey): boolean {
    if (this.isFounder(user)) return true;
    for (const { entry } of this.kept.values()) {
      const { act } = entry;
      if ((act.kind === 'add' || act.kind === 'list') && act.members.includes(user)) return true;
      if (act.kind === 'invite' && act.members.includes(user)) return true;
    }
    return this.facts.bulletin?.administrators.includes(user) ?? false;
  }

  #resolve(): Resolution | undefined {
    const { founder, bulletin } = this.facts;
    return founder === undefined ? undefined : resolve(founder.entity, bulletin, this.entries);
  }
}
