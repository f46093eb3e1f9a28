/**
 * The group commands of spec §9.14 and the group protocol inside customized contents (§9.15) as plug-ins.
 *
 * @module
 */
import { MAX_CHANGED_MEMBERS, MAX_ENTRY_NAMES, MAX_HAD_ENTRIES } from './groups/change.ts';
import {
  GroupHistoryQuery,
  GroupKeysQuery,
  GroupKeysRequest,
  GroupKeysRespond,
  GroupKeysUpdate,
} from './groups/customized.ts';
import { GroupCommand } from './groups/group-command.ts';
import {
  Abdicate,
  Expel,
  Fire,
  Found,
  Hire,
  Invite,
  Join,
  Query,
  Quit,
  Reset,
  Resign,
  Review,
} from './groups/membership.ts';

export type {
  GroupAdministrator,
  GroupChange,
  GroupEntriesHad,
  GroupState,
  SeenRemovals,
} from './groups/change.ts';
export type {
  GroupKeysBody,
  GroupKeysQueryBody,
  GroupKeysRequestBody,
  GroupMemberKey,
} from './groups/customized.ts';
export type { GroupContentType } from './groups/define.ts';
export type { GroupCommandBody } from './groups/group-command.ts';
export type {
  AppointmentBody,
  EmptyBody,
  ExpelBody,
  GroupQueryBody,
  InviteBody,
  JoinBody,
  MembersBody,
  OptionalMembersBody,
  ResetBody,
  ReviewBody,
} from './groups/membership.ts';
export {
  Abdicate,
  Expel,
  Fire,
  Found,
  GroupCommand,
  GroupHistoryQuery,
  GroupKeysQuery,
  GroupKeysRequest,
  GroupKeysRespond,
  GroupKeysUpdate,
  Hire,
  Invite,
  Join,
  MAX_CHANGED_MEMBERS,
  MAX_ENTRY_NAMES,
  MAX_HAD_ENTRIES,
  Query,
  Quit,
  Reset,
  Resign,
  Review,
};

/** All group commands, the group protocol in customized contents, and the type that reads any other group command. */
export const groupContents: readonly [
  typeof Found,
  typeof Abdicate,
  typeof Invite,
  typeof Expel,
  typeof Join,
  typeof Quit,
  typeof Query,
  typeof Reset,
  typeof Hire,
  typeof Fire,
  typeof Resign,
  typeof Review,
  typeof GroupCommand,
  typeof GroupHistoryQuery,
  typeof GroupKeysQuery,
  typeof GroupKeysUpdate,
  typeof GroupKeysRequest,
  typeof GroupKeysRespond,
] = [
  Found,
  Abdicate,
  Invite,
  Expel,
  Join,
  Quit,
  Query,
  Reset,
  Hire,
  Fire,
  Resign,
  Review,
  GroupCommand,
  GroupHistoryQuery,
  GroupKeysQuery,
  GroupKeysUpdate,
  GroupKeysRequest,
  GroupKeysRespond,
];
