/**
 * Groups whose members see the same state once they have the same signed entries.
 *
 * @module
 */
export { type CheckpointChanges, nextCheckpoint } from './model/checkpoint.ts';
export type { Act, BulletinFacts, CheckpointState, Entry, EntryOf } from './model/entry.ts';
export type { GroupPolicy } from './model/policy.ts';
export type { Proposal } from './model/proposals.ts';
export { readEntry } from './model/read-entry.ts';
export { type Resolution, resolve } from './model/resolve.ts';
export { GROUPS_ABILITY } from './service/bundle.ts';
export type { Group } from './service/group-handle.ts';
export type { GroupEvent, GroupMember, GroupProposal, GroupState } from './service/group-state.ts';
export {
  type CreateOptions,
  Groups,
  type GroupsEvents,
  type GroupsOptions,
} from './service/groups.ts';
export type { Standing } from './store/group-record.ts';
