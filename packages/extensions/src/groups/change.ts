import {
  definedOnly,
  fieldError,
  type JsonObject,
  ownMember,
  ProtocolError,
} from '@dimp/foundation';
import {
  array,
  jsonObject,
  object,
  optional,
  type Schema,
  schema,
  time,
  wireObject,
} from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';

/** Most members that one `invite` or `expel` with a change may name. */
export const MAX_CHANGED_MEMBERS = 64;
/** Most names of entries in one list of a change or a state. */
export const MAX_ENTRY_NAMES = 256;
/** Most names of entries in a question for the history. */
export const MAX_HAD_ENTRIES = 512;

/** Removals of a member that the issuer of an addition knows. */
export interface SeenRemovals {
  readonly member: ID;
  /** Names of the entries that remove the member. */
  readonly removals: readonly string[];
}

/** Marks a command as an entry of a group whose state converges (spec §20.11). It may be empty. */
export interface GroupChange {
  /** In an addition: the removals that it overrules. */
  readonly over?: readonly SeenRemovals[];
  /** Names of the proposals that an addition accepts. */
  readonly answers?: readonly string[];
  /** Names of the proposals that a review refuses. */
  readonly declines?: readonly string[];
}

/** An administrator of a group. */
export interface GroupAdministrator {
  readonly id: ID;
  /** When they were appointed, in seconds since the epoch. Their earlier entries do not count. */
  readonly since: number;
}

/** Marks a `reset` of the founder as a checkpoint: everything that it settles besides the members (spec §20.11). */
export interface GroupState {
  /** Entries up to this time, in seconds since the epoch, do not count any more. */
  readonly floor: number;
  /** Names of the later entries that the list of members contains. */
  readonly folds: readonly string[];
  readonly administrators: readonly GroupAdministrator[];
  /** What members may do. Unknown members are kept. */
  readonly policy: JsonObject;
  /** Name of the checkpoint before this one. */
  readonly previous?: string;
}

/** What somebody who asks for the history of a group has already. */
export interface GroupEntriesHad {
  /** Name of the newest checkpoint. */
  readonly checkpoint?: string;
  /** Names of the entries that it has not settled. */
  readonly entries: readonly string[];
}

/** Name of an entry: the first 22 characters of the name of its message. */
export const entryName: Schema<string> = /* @__PURE__ */ schema(
  (value, field) => {
    if (typeof value !== 'string' || !/^[A-Za-z0-9+/]{22}$/.test(value)) {
      throw fieldError(field, 'must be the name of an entry');
    }
    return value;
  },
  (value) => value,
);

/** Schema of {@link GroupChange}. */
export function groupChange(id: Schema<ID>): Schema<GroupChange> {
  const names = array(entryName, MAX_ENTRY_NAMES);
  return object({
    over: optional(seenRemovals(id)),
    answers: optional(names),
    declines: optional(names),
  });
}

/** Schema of {@link GroupState}. */
export function groupState(id: Schema<ID>): Schema<GroupState> {
  return object({
    floor: time,
    folds: array(entryName, MAX_ENTRY_NAMES),
    administrators: administrators(id),
    policy: jsonObject,
    previous: optional(entryName),
  });
}

/** Schema of {@link GroupEntriesHad}. */
export const entriesHad: Schema<GroupEntriesHad> = /* @__PURE__ */ object({
  checkpoint: /* @__PURE__ */ optional(entryName),
  entries: /* @__PURE__ */ array(entryName, MAX_HAD_ENTRIES),
});

function seenRemovals(id: Schema<ID>): Schema<readonly SeenRemovals[]> {
  const names = array(entryName, MAX_ENTRY_NAMES);
  return byMember(id, names, MAX_CHANGED_MEMBERS, {
    read: (member, removals): SeenRemovals => ({ member, removals }),
    parts: ({ member, removals }) => [member, removals],
  });
}

function administrators(id: Schema<ID>): Schema<readonly GroupAdministrator[]> {
  return byMember(id, time, MAX_ENTRY_NAMES, {
    read: (administrator, since): GroupAdministrator => ({ id: administrator, since }),
    parts: ({ id: administrator, since }) => [administrator, since],
  });
}

/** A list that the wire has as an object by ID. */
function byMember<T, V>(
  id: Schema<ID>,
  inner: Schema<V>,
  max: number,
  {
    read,
    parts,
  }: {
    readonly read: (member: ID, value: V) => T;
    readonly parts: (item: T) => readonly [member: ID, value: V];
  },
): Schema<readonly T[]> {
  return wireObject<readonly T[]>(
    (wire) => {
      const names = Object.keys(wire);
      if (names.length > max) {
        throw new ProtocolError('format/limit', `the object must have at most ${max} members`, {
          details: { limit: 'members', max },
        });
      }
      return names.map((name) =>
        read(id.decode(name, 'member'), inner.decode(ownMember(wire, name), 'member')),
      );
    },
    (items) =>
      Object.fromEntries(
        items.map((item) => {
          const [member, value] = parts(item);
          return [member.text, inner.encode(value) ?? null];
        }),
      ),
  );
}

/** Reads an optional member of a command. `null` counts as absent. */
export function readOptional<T>(wire: JsonObject, name: string, inner: Schema<T>): T | undefined {
  const value = ownMember(wire, name) ?? undefined;
  return value === undefined ? undefined : inner.decode(value, name);
}

/** Writes an optional member of a command. */
export function writeOptional<T>(name: string, inner: Schema<T>, value: T | undefined): JsonObject {
  return definedOnly({
    [name]: value === undefined ? undefined : inner.encode(value),
  }) as JsonObject;
}
