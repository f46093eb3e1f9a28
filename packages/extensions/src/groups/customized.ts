import type { ContentContext, ContentMatch } from '@dimp/dkd';
import {
  definedOnly,
  fieldError,
  isJsonObject,
  isProtocolError,
  type JsonObject,
  ownMember,
} from '@dimp/foundation';
import {
  bytes,
  lenientArray,
  object,
  optional,
  type Schema,
  string,
  time,
  wireObject,
} from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';
import { ignored } from '../fields/lenient.ts';
import { entriesHad } from './change.ts';
import { defineGroupContent, type GroupContentType } from './define.ts';
import type { GroupQueryBody } from './membership.ts';

/** A group's bot asks a sender for the keys that members lack. */
export interface GroupKeysQueryBody {
  /** The owner of the message key. */
  readonly from: ID;
  /** Members who lack the key. */
  readonly to?: readonly ID[];
  /** Digest that identifies the key (spec §3). */
  readonly digest?: string;
}

/** A member asks the group's bot for a key. */
export interface GroupKeysRequestBody {
  readonly from: ID;
  readonly digest?: string;
}

/** A message key, encrypted for one member. */
export interface GroupMemberKey {
  readonly member: ID;
  readonly key: Uint8Array;
}

/** Message keys of a group, sent to the bot or to a member. */
export interface GroupKeysBody {
  /** The owner of the message key. */
  readonly from: ID;
  /** Digest that identifies the key (spec §9.15). */
  readonly digest?: string;
  /** Damaged entries are left out. */
  readonly keys: readonly GroupMemberKey[];
}

const APP = 'chat.dim.group';

/**
 * Asks for the history of a group, as current members do (spec §9.15). Written with `mod` "history". Also reads the module `keys` of
 * 2.3 peers, if there is a `last_time` or no `from`.
 */
export const GroupHistoryQuery: GroupContentType<'group-history/query', GroupQueryBody> =
  /* @__PURE__ */ defineGroupContent({
    kind: 'group-history/query',
    match: [
      { type: '204', app: APP, mod: ['history', 'keys'], act: 'query' },
      // Wins over the query for keys, which matches `from` only.
      { type: '204', app: APP, mod: 'keys', act: 'query', from: '*', last_time: '*' },
    ],
    schema: () => object({ last_time: optional(time), have: ignored(entriesHad) }),
  });

/** The bot asks a sender for keys (spec §9.15). */
export const GroupKeysQuery: GroupContentType<'group-keys/query', GroupKeysQueryBody> =
  /* @__PURE__ */ defineGroupContent({
    kind: 'group-keys/query',
    match: { type: '204', app: APP, mod: 'keys', act: 'query', from: '*' },
    schema: ({ id }) =>
      object({ from: id, to: optional(lenientArray(id)), digest: optional(string) }),
  });

/** A sender gives keys to the bot (spec §9.15). */
export const GroupKeysUpdate: GroupContentType<'group-keys/update', GroupKeysBody> =
  /* @__PURE__ */ defineGroupContent({
    kind: 'group-keys/update',
    match: /* @__PURE__ */ keysModule('update'),
    schema: keys,
  });

/** A member asks the bot for a key (spec §9.15). */
export const GroupKeysRequest: GroupContentType<'group-keys/request', GroupKeysRequestBody> =
  /* @__PURE__ */ defineGroupContent({
    kind: 'group-keys/request',
    match: /* @__PURE__ */ keysModule('request'),
    schema: ({ id }) => object({ from: id, digest: optional(string) }),
  });

/** The bot gives a member its key (spec §9.15). */
export const GroupKeysRespond: GroupContentType<'group-keys/respond', GroupKeysBody> =
  /* @__PURE__ */ defineGroupContent({
    kind: 'group-keys/respond',
    match: /* @__PURE__ */ keysModule('respond'),
    schema: keys,
  });

function keysModule(act: string): ContentMatch {
  return { type: '204', app: APP, mod: 'keys', act };
}

function keys({ id }: ContentContext): Schema<GroupKeysBody> {
  const from = object({ from: id });
  return wireObject<GroupKeysBody>(
    (wire) => {
      const table = ownMember(wire, 'keys');
      if (!isJsonObject(table)) throw fieldError('keys', 'must be a JSON object');
      const digest = ownMember(table, 'digest') ?? undefined;
      return {
        ...from.decode(wire, 'content'),
        ...definedOnly({
          digest: digest === undefined ? undefined : string.decode(digest, 'digest'),
        }),
        keys: readKeys(table, id),
      };
    },
    ({ from: sender, digest, keys: entries }) => ({
      from: sender.text,
      keys: {
        ...definedOnly({ digest }),
        ...Object.fromEntries(entries.map(({ member, key }) => [member.text, bytes.encode(key)])),
      },
    }),
  );
}

function readKeys(table: JsonObject, id: Schema<ID>): readonly GroupMemberKey[] {
  const read: GroupMemberKey[] = [];
  for (const [name, value] of Object.entries(table)) {
    if (name === 'digest') continue;
    try {
      read.push({ member: id.decode(name, 'keys'), key: bytes.decode(value, 'keys') });
    } catch (error) {
      if (!isProtocolError(error) || error.code === 'format/limit') throw error;
    }
  }
  return read;
}
