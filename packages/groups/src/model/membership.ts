import type { EntityKey } from '@dimp/mkm';
import type { Entry, EntryOf } from './entry.ts';

/** An addition of one member. */
export interface Addition {
  readonly entry: Entry;
  /** Names of the removals that it overrules. */
  readonly over: ReadonlySet<string>;
}

const NONE: readonly never[] = [];

/** Additions and removals after a checkpoint, and who is a member by them: removal wins (spec §20.11). */
export class Membership {
  readonly #founder: EntityKey;
  readonly #settled: ReadonlySet<EntityKey>;
  readonly #additions = new Map<EntityKey, Addition[]>();
  readonly #removals = new Map<EntityKey, string[]>();

  constructor(founder: EntityKey, checkpoint: EntryOf<'list'>) {
    this.#founder = founder;
    this.#settled = new Set([founder, ...checkpoint.act.members]);
  }

  add(member: EntityKey, entry: Entry, over: readonly string[] | undefined): void {
    append(this.#additions, member, { entry, over: new Set(over) });
  }

  /** The founder cannot be removed. */
  remove(member: EntityKey, { name }: Entry): void {
    if (member !== this.#founder) append(this.#removals, member, name);
  }

  /** Names of the removals of a member in force. */
  removalsOf(member: EntityKey): readonly string[] {
    return this.#removals.get(member) ?? NONE;
  }

  get removals(): ReadonlyMap<EntityKey, readonly string[]> {
    return this.#removals;
  }

  additionsOf(member: EntityKey): readonly Addition[] {
    return this.#additions.get(member) ?? NONE;
  }

  /** Whether somebody was a member at the checkpoint, or was added since. */
  isKnown(member: EntityKey): boolean {
    return this.#settled.has(member) || this.#additions.has(member);
  }

  isMember(member: EntityKey): boolean {
    if (member === this.#founder) return true;
    const removals = this.removalsOf(member);
    if (this.#settled.has(member) && removals.length === 0) return true;
    return this.additionsOf(member).some(({ over }) => removals.every((each) => over.has(each)));
  }

  /** The members in order: as in the checkpoint, then by their first additions. */
  list(): readonly EntityKey[] {
    // Additions are in the order of entries, and so are the keys of the map by the first one of each member.
    const known = new Set([...this.#settled, ...this.#additions.keys()]);
    return [...known].filter((each) => this.isMember(each));
  }
}

function append<T>(lists: Map<EntityKey, T[]>, key: EntityKey, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
