import type { ContentContext } from '@dimp/dkd';
import { definedOnly, type JsonObject, ownMember, ProtocolError } from '@dimp/foundation';
import {
  jsonObject,
  lenientArray,
  object,
  optional,
  type Schema,
  time,
  wireObject,
} from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';
import { cutText, ignored } from '../fields/lenient.ts';
import {
  entryName,
  type GroupChange,
  type GroupEntriesHad,
  type GroupState,
  groupChange,
  groupState,
  MAX_CHANGED_MEMBERS,
  readOptional,
  writeOptional,
} from './change.ts';
import { defineGroupContent, type GroupContentType, groupCommandNamed } from './define.ts';
import { readMembers, requireMembers } from './members.ts';

/** Longest reason in a proposal, in UTF-16 units. */
const MAX_REASON = 512;

/** A command with members. */
export interface MembersBody {
  readonly members: readonly ID[];
}

/** An `invite`: an addition if it has a change, else a proposal or the command of a deployed client. */
export interface InviteBody extends MembersBody {
  readonly change?: GroupChange;
  readonly reason?: string;
}

/** An `expel`: a removal if it has a change. */
export interface ExpelBody extends MembersBody {
  readonly change?: GroupChange;
}

/** A `reset`. */
export interface ResetBody extends MembersBody {
  /** Makes it a checkpoint, if the founder sends it. */
  readonly state?: GroupState;
  /** Makes it a projection for deployed clients: the name of the newest entry that it contains. */
  readonly projects?: string;
}

/** A `review`. */
export interface ReviewBody {
  readonly change: GroupChange;
}

/** A `join`. */
export interface JoinBody {
  /** What a link to the group says. */
  readonly link?: JsonObject;
  readonly reason?: string;
}

/** A command with optional members. */
export interface OptionalMembersBody {
  readonly members?: readonly ID[];
}

/** A command without further members. */
export type EmptyBody = Readonly<Record<never, never>>;

/** A query for the history of a group. */
export interface GroupQueryBody {
  /** Asks for newer history only, in seconds since the epoch. */
  readonly last_time?: number;
  /** What the asker has; without it the answer is everything. Deployed clients ignore it. */
  readonly have?: GroupEntriesHad;
}

/** A command that appoints or dismisses. */
export interface AppointmentBody {
  readonly administrators?: readonly ID[];
  /** Bots that serve the group. */
  readonly assistants?: readonly ID[];
}

/** Founds a group, `found` (spec §9.14). Current peers ignore it. */
export const Found: GroupContentType<'found', OptionalMembersBody> =
  /* @__PURE__ */ defineGroupContent({
    kind: 'found',
    match: /* @__PURE__ */ groupCommandNamed('found'),
    schema: optionalMembers,
  });

/** Transfers the group, `abdicate` (spec §9.14). Current peers ignore it. */
export const Abdicate: GroupContentType<'abdicate', OptionalMembersBody> =
  /* @__PURE__ */ defineGroupContent({
    kind: 'abdicate',
    match: /* @__PURE__ */ groupCommandNamed('abdicate'),
    schema: optionalMembers,
  });

/** Adds members, or proposes them, `invite` (spec §9.14, §20.11). */
export const Invite: GroupContentType<'invite', InviteBody> = /* @__PURE__ */ defineGroupContent({
  kind: 'invite',
  match: /* @__PURE__ */ groupCommandNamed('invite'),
  schema: invite,
});

/** Removes members, `expel` (spec §20.11). Deployed clients ignore it and expect a reset (spec §9.14). */
export const Expel: GroupContentType<'expel', ExpelBody> = /* @__PURE__ */ defineGroupContent({
  kind: 'expel',
  match: /* @__PURE__ */ groupCommandNamed('expel'),
  schema: expel,
});

/** Refuses proposals, `review` (spec §20.11). Deployed clients ignore it. */
export const Review: GroupContentType<'review', ReviewBody> = /* @__PURE__ */ defineGroupContent({
  kind: 'review',
  match: /* @__PURE__ */ groupCommandNamed('review'),
  schema: ({ id }) => object({ change: groupChange(id) }),
});

/** Asks to join, `join` (spec §9.14). */
export const Join: GroupContentType<'join', JoinBody> = /* @__PURE__ */ defineGroupContent({
  kind: 'join',
  match: /* @__PURE__ */ groupCommandNamed('join'),
  schema: () => object({ link: ignored(jsonObject), reason: ignored(cutText(MAX_REASON)) }),
});

/** Leaves the group, `quit` (spec §9.14). */
export const Quit: GroupContentType<'quit', EmptyBody> = /* @__PURE__ */ defineGroupContent({
  kind: 'quit',
  match: /* @__PURE__ */ groupCommandNamed('quit'),
  schema: nothing,
});

/** Asks for the history of the group, `query` (spec §9.14). */
export const Query: GroupContentType<'query', GroupQueryBody> = /* @__PURE__ */ defineGroupContent({
  kind: 'query',
  match: /* @__PURE__ */ groupCommandNamed('query'),
  schema: () => object({ last_time: optional(time) }),
});

/** Replaces the member list, the owner first, `reset` (spec §9.14, §20.11). */
export const Reset: GroupContentType<'reset', ResetBody> = /* @__PURE__ */ defineGroupContent({
  kind: 'reset',
  match: /* @__PURE__ */ groupCommandNamed('reset'),
  schema: reset,
});

/** Appoints administrators or assistants, `hire` (spec §9.14). */
export const Hire: GroupContentType<'hire', AppointmentBody> = /* @__PURE__ */ defineGroupContent({
  kind: 'hire',
  match: /* @__PURE__ */ groupCommandNamed('hire'),
  schema: appointment,
});

/** Dismisses administrators or assistants, `fire` (spec §9.14). */
export const Fire: GroupContentType<'fire', AppointmentBody> = /* @__PURE__ */ defineGroupContent({
  kind: 'fire',
  match: /* @__PURE__ */ groupCommandNamed('fire'),
  schema: appointment,
});

/** An administrator steps down, `resign` (spec §9.14). */
export const Resign: GroupContentType<'resign', EmptyBody> = /* @__PURE__ */ defineGroupContent({
  kind: 'resign',
  match: /* @__PURE__ */ groupCommandNamed('resign'),
  schema: nothing,
});

function invite({ id }: ContentContext): Schema<InviteBody> {
  const changes = groupChange(id);
  const reasons = ignored(cutText(MAX_REASON));
  return wireObject<InviteBody>(
    (wire) => ({
      ...changed(wire, id, changes),
      ...definedOnly({ reason: readOptional(wire, 'reason', reasons) }),
    }),
    ({ members, change, reason }) => ({
      ...writeMembers(members),
      ...writeOptional('change', changes, change),
      ...writeOptional('reason', reasons, reason),
    }),
  );
}

function expel({ id }: ContentContext): Schema<ExpelBody> {
  const changes = groupChange(id);
  return wireObject<ExpelBody>(
    (wire) => changed(wire, id, changes),
    ({ members, change }) => ({
      ...writeMembers(members),
      ...writeOptional('change', changes, change),
    }),
  );
}

function reset({ id }: ContentContext): Schema<ResetBody> {
  const states = groupState(id);
  return wireObject<ResetBody>(
    (wire) => ({
      members: requireMembers(wire, id),
      ...definedOnly({
        state: readOptional(wire, 'state', states),
        projects: readOptional(wire, 'projects', entryName),
      }),
    }),
    ({ members, state, projects }) => ({
      ...writeMembers(members),
      ...writeOptional('state', states, state),
      ...writeOptional('projects', entryName, projects),
    }),
  );
}

/** Reads members and change. @throws `format/limit` for a change of too many members */
function changed(wire: JsonObject, id: Schema<ID>, changes: Schema<GroupChange>): ExpelBody {
  const change = readOptional(wire, 'change', changes);
  const list = ownMember(wire, 'members');
  if (change !== undefined && Array.isArray(list) && list.length > MAX_CHANGED_MEMBERS) {
    throw new ProtocolError('format/limit', 'members has too many elements', {
      details: { field: 'members', limit: 'elements', max: MAX_CHANGED_MEMBERS },
    });
  }
  return { members: requireMembers(wire, id), ...definedOnly({ change }) };
}

function writeMembers(list: readonly ID[]): JsonObject {
  return { members: list.map((member) => member.text) };
}

function optionalMembers({ id }: ContentContext): Schema<OptionalMembersBody> {
  return wireObject<OptionalMembersBody>(
    (wire) => definedOnly({ members: readMembers(wire, id) }),
    (body) => definedOnly({ members: body.members?.map((member) => member.text) }),
  );
}

function nothing(): Schema<EmptyBody> {
  return object({});
}

function appointment({ id }: ContentContext): Schema<AppointmentBody> {
  return object({
    administrators: optional(lenientArray(id)),
    assistants: optional(lenientArray(id)),
  });
}
