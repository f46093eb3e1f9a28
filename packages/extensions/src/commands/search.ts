import { type ContentType, defineContent } from '@dimp/dkd';
import { commandNamed } from '@dimp/dkd/commands';
import { type JsonObject, ownMember } from '@dimp/foundation';
import {
  jsonObject,
  lenientArray,
  number,
  object,
  optional,
  wireObject,
} from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';
import { words } from '../fields/words.ts';

/** A search for users, or the results (spec §9.9). */
export interface SearchBody {
  /** Words that must all occur in name or ID. `users` alone asks for the users who are online. Empty in some answers. */
  readonly keywords: readonly string[];
  /** Number of results to skip. */
  readonly start?: number;
  /** Maximum number of results; the server has a limit of its own. */
  readonly limit?: number;
  /** The station that answered. */
  readonly station?: ID;
  /** The users found; present in answers only. */
  readonly users?: readonly ID[];
  /** Metas by ID in answers of 0.8 stations, not verified. */
  readonly results?: JsonObject;
}

const ONLINE = 'users';

/** A search for users, `search` and `users` (spec §9.9). */
export const Search: ContentType<'search', SearchBody> = /* @__PURE__ */ defineContent({
  kind: 'search',
  match: /* @__PURE__ */ commandNamed('search', ONLINE),
  schema: ({ id }) => {
    const keywords = words();
    const members = object({
      start: optional(number),
      limit: optional(number),
      station: optional(id),
      users: optional(lenientArray(id)),
      results: optional(jsonObject),
    });
    return wireObject<SearchBody>(
      (wire) => {
        const given = ownMember(wire, 'keywords') ?? undefined;
        const implied = ownMember(wire, 'command') === ONLINE ? [ONLINE] : [];
        return {
          keywords: given === undefined ? implied : keywords.decode(given, 'keywords'),
          ...members.decode(wire, 'search'),
        };
      },
      ({ keywords: list, ...body }) => ({
        ...(list.length === 1 && list[0] === ONLINE
          ? { command: ONLINE }
          : { keywords: keywords.encode(list) }),
        ...(members.encode(body) as JsonObject),
      }),
    );
  },
});
