import type { ContentContext } from '@dimp/dkd';
import { definedOnly } from '@dimp/foundation';
import {
  lenientArray,
  object,
  optional,
  type Schema,
  time,
  wireObject,
} from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';
import { defineGroupContent, type GroupContentType, groupCommandNamed } from './define.ts';
import { readMembers, requireMembers } from './members.ts';

/** A command with members. */
export interface MembersBody {
  readonly members: readonly ID[];
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

/** Adds members, `invite` (spec §9.14). */
export const Invite: GroupContentType<'invite', MembersBody> = /* @__PURE__ */ defineGroupContent({
  kind: 'invite',
  match: /* @__PURE__ */ groupCommandNamed('invite'),
  schema: members,
});

/** Removes members, `expel`. Deprecated: current peers expect a reset (spec §9.14). */
export const Expel: GroupContentType<'expel', MembersBody> = /* @__PURE__ */ defineGroupContent({
  kind: 'expel',
  match: /* @__PURE__ */ groupCommandNamed('expel'),
  schema: members,
});

/** Asks to join, `join` (spec §9.14). */
export const Join: GroupContentType<'join', EmptyBody> = /* @__PURE__ */ defineGroupContent({
  kind: 'join',
  match: /* @__PURE__ */ groupCommandNamed('join'),
  schema: nothing,
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

/** Replaces the member list, the owner first, `reset` (spec §9.14). */
export const Reset: GroupContentType<'reset', MembersBody> = /* @__PURE__ */ defineGroupContent({
  kind: 'reset',
  match: /* @__PURE__ */ groupCommandNamed('reset'),
  schema: members,
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

function members({ id }: ContentContext): Schema<MembersBody> {
  return wireObject<MembersBody>(
    (wire) => ({ members: requireMembers(wire, id) }),
    (body) => ({ members: body.members.map((member) => member.text) }),
  );
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
