import type { JsonObject } from '@dimp/foundation';
import type { EntityKey } from '@dimp/mkm';
import { compareEntries, type Entry, isEntryOf } from '../model/entry.ts';
import { type GroupPolicy, readPolicy } from '../model/policy.ts';
import type { Standing } from '../store/group-record.ts';
import type { GroupLog } from './group-log.ts';

/** A member of a group. Plain data. */
export interface GroupMember {
  /** The ID as text, without a terminal. */
  readonly id: string;
  readonly role: 'owner' | 'administrator' | 'member';
}

/** An open proposal. Plain data. */
export interface GroupProposal {
  /** Name of its entry. */
  readonly name: string;
  readonly kind: 'join' | 'invite';
  /** Who asks. */
  readonly by: string;
  /** Who would become members. */
  readonly users: readonly string[];
  /** In milliseconds since the epoch, by the clock of who asks. */
  readonly time: number;
}

/** A group as its user sees it. Plain data. */
export interface GroupState {
  readonly id: string;
  /** Where the user stands: may they speak, must they answer an invitation, or is it over? */
  readonly standing: Standing;
  /** The owner first; empty while the members are not known. */
  readonly members: readonly GroupMember[];
  readonly proposals: readonly GroupProposal[];
  readonly policy: GroupPolicy;
  /** 22 characters that are the same for all who see the same state; undefined while it is not known. */
  readonly digest?: string;
  /** Whether another member has seen changes for a day that this program could not get. */
  readonly behind: boolean;
}

/** An entry in the history of a group, with its evidence. */
export interface GroupEvent {
  readonly name: string;
  readonly kind: Entry['act']['kind'];
  readonly by: string;
  /** In milliseconds since the epoch, by the clock of the issuer. */
  readonly time: number;
  /** `settled` by a checkpoint, `in force` since, or `void`. */
  readonly effect: 'in force' | 'settled' | 'void';
  /** Those whom it concerns. */
  readonly users: readonly string[];
  /** The signed message, which anybody can check. */
  readonly message: JsonObject;
}

/** Returns a group as its user sees it. */
export function stateOf(log: GroupLog, behind: boolean): GroupState {
  const { state, record, id } = log;
  const common = { id: id.entity, standing: record?.standing ?? 'invited', behind };
  if (state === undefined) {
    return { ...common, members: [], proposals: [], policy: readPolicy({}) };
  }
  return {
    ...common,
    members: state.members.map((each) => ({ id: each, role: roleOf(log, each) })),
    proposals: state.proposals.map(({ entry, users }) => ({
      name: entry.name,
      kind: entry.act.kind,
      by: entry.issuer,
      users,
      time: entry.time,
    })),
    policy: readPolicy(state.policy),
    digest: state.digest,
  };
}

/** Returns the history of a group, the oldest first. */
export function historyOf(log: GroupLog): readonly GroupEvent[] {
  return [...log.kept.values()]
    .sort((a, b) => compareEntries(a.entry, b.entry))
    .map(({ entry, message }) => ({
      name: entry.name,
      kind: entry.act.kind,
      by: entry.issuer,
      time: entry.time,
      effect: effectOf(entry, log),
      users: 'members' in entry.act ? entry.act.members : [entry.issuer],
      message,
    }));
}

function effectOf(entry: Entry, { state }: GroupLog): GroupEvent['effect'] {
  if (state === undefined) return 'void';
  if (entry.name === state.checkpoint.name || state.counted.has(entry.name)) return 'in force';
  if (state.proposals.some((each) => each.entry.name === entry.name)) return 'in force';
  const isOldList = isEntryOf(entry, 'list') && entry.issuer === state.checkpoint.issuer;
  const { act } = state.checkpoint;
  return isOldList || act.state?.folds.has(entry.name) ? 'settled' : 'void';
}

function roleOf(log: GroupLog, user: EntityKey): GroupMember['role'] {
  if (log.isFounder(user)) return 'owner';
  return log.isStaff(user) ? 'administrator' : 'member';
}
