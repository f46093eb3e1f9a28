import { definedOnly, type JsonObject, ownMember } from '@dimp/foundation';
import { requiredText, wireObject } from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';
import { readExtra, writeExtra } from '../fields/extra.ts';
import { defineGroupContent, type GroupContentType } from './define.ts';
import { readMembers } from './members.ts';

/** A group command without a content type of its own (spec §9.1). */
export interface GroupCommandBody {
  /** Its name. */
  readonly command: string;
  readonly members?: readonly ID[];
  /** Its other members. */
  readonly extra?: JsonObject;
}

const NAMED: readonly string[] = ['members', 'member'];

/** Any group command without a content type of its own (spec §9.1). */
export const GroupCommand: GroupContentType<'group-command', GroupCommandBody> =
  /* @__PURE__ */ defineGroupContent({
    kind: 'group-command',
    match: { type: ['137', '136'], command: '*', group: '*' },
    schema: ({ id }) =>
      wireObject<GroupCommandBody>(
        (wire) => ({
          command: requiredText(ownMember(wire, 'command'), 'command'),
          ...definedOnly({ members: readMembers(wire, id) }),
          ...definedOnly({ extra: readExtra(wire, NAMED) }),
        }),
        ({ command, members, extra }) => ({
          command,
          ...definedOnly({ members: members?.map((member) => member.text) }),
          ...writeExtra(extra, NAMED),
        }),
      ),
  });
