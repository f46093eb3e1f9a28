/**
 * The group commands of spec §9.14 and the group protocol inside customized contents (§9.15) as plug-ins.
 *
 * @module
 */
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
} from './groups/membership.ts';

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
  GroupQueryBody,
  MembersBody,
  OptionalMembersBody,
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
  Query,
  Quit,
  Reset,
  Resign,
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
  GroupCommand,
  GroupHistoryQuery,
  GroupKeysQuery,
  GroupKeysUpdate,
  GroupKeysRequest,
  GroupKeysRespond,
];
