import type { JsonObject } from '@dimp/foundation';
import type { EntityKey } from '@dimp/mkm';

/** Members of a group, its founder included. */
export const MAX_MEMBERS = 1024;
/** Live entries that count of one issuer who is not the founder. */
export const MAX_LIVE_PER_ISSUER = 256;

/** What an entry says. */
export type Act =
  /** Adds members. */
  | {
      readonly kind: 'add';
      readonly members: readonly EntityKey[];
      /** Names of the removals that it overrules, for each member. */
      readonly over: ReadonlyMap<EntityKey, readonly string[]>;
      readonly answers: readonly string[];
    }
  /** Removes members. */
  | { readonly kind: 'remove'; readonly members: readonly EntityKey[] }
  /** Refuses proposals. */
  | { readonly kind: 'review'; readonly declines: readonly string[] }
  /** Proposes members; adds them if an administrator's deployed client says it. */
  | { readonly kind: 'invite'; readonly members: readonly EntityKey[] }
  | { readonly kind: 'join' }
  | { readonly kind: 'quit' }
  | { readonly kind: 'resign' }
  /** Lists all members: a checkpoint of the founder, or the change of an administrator's deployed client. */
  | {
      readonly kind: 'list';
      /** The founder first. */
      readonly members: readonly EntityKey[];
      /** Absent in the list of a deployed client. */
      readonly state?: CheckpointState;
    };

/** What a checkpoint settles besides the members. Times are in milliseconds. */
export interface CheckpointState {
  readonly floor: number;
  readonly folds: ReadonlySet<string>;
  /** When each administrator was appointed. */
  readonly administrators: ReadonlyMap<EntityKey, number>;
  readonly policy: JsonObject;
  readonly previous?: string;
}

/** A signed command about a group, as far as the state of the group depends on it (spec §20.11). */
export interface Entry<A extends Act = Act> {
  /** First 22 characters of the name of its message. */
  readonly name: string;
  readonly issuer: EntityKey;
  /** In whole milliseconds since the epoch, by the clock of the issuer. */
  readonly time: number;
  readonly act: A;
}

/** An entry of one kind. */
export type EntryOf<K extends Act['kind']> = Entry<Extract<Act, { readonly kind: K }>>;

/** The bulletin of a group, as far as its state depends on it. */
export interface BulletinFacts {
  /** In whole milliseconds since the epoch. */
  readonly time: number;
  readonly administrators: readonly EntityKey[];
}

/** The order in which all members read entries. */
export function compareEntries(
  a: Pick<Entry, 'time' | 'name'>,
  b: Pick<Entry, 'time' | 'name'>,
): number {
  if (a.time !== b.time) return a.time - b.time;
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}

/** Whether an entry is of a kind. */
export function isEntryOf<K extends Act['kind']>(entry: Entry, kind: K): entry is EntryOf<K> {
  return entry.act.kind === kind;
}

/** Time of the wire in the unit that entries are compared in: whole milliseconds. */
export function wholeMs(seconds: number): number {
  return Math.floor(seconds * 1000 + 0.5);
}
