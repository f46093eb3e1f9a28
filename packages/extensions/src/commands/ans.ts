import { type ContentType, defineContent } from '@dimp/dkd';
import { commandNamed } from '@dimp/dkd/commands';
import { fieldError, isJsonObject, isProtocolError, type JsonObject } from '@dimp/foundation';
import { array, object, optional, type Schema, schema, string } from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';
import { words } from '../fields/words.ts';

/** A query to the address name service, or the answer (spec §9.12). */
export interface AnsBody {
  /** The short names of the query. */
  readonly names: readonly string[];
  /** IDs by name, in an answer. Trust only the answer of the own station. */
  readonly records?: Readonly<Record<string, ID>>;
  /** Names that are not assigned. */
  readonly missed?: readonly string[];
}

/** The address name service, `ans` (spec §9.12). */
export const Ans: ContentType<'ans', AnsBody> = /* @__PURE__ */ defineContent({
  kind: 'ans',
  match: /* @__PURE__ */ commandNamed('ans'),
  schema: ({ id }) =>
    object({
      names: words(),
      records: optional(records(id)),
      missed: optional(array(string)),
    }),
});

/** Reads the records. Entries that are not IDs are left out (spec §4.4). */
function records(id: Schema<ID>): Schema<Readonly<Record<string, ID>>> {
  return schema<Readonly<Record<string, ID>>>(
    (value, field) => {
      if (!isJsonObject(value)) throw fieldError(field, 'must be a JSON object');
      const found: [string, ID][] = [];
      for (const [name, text] of Object.entries(value)) {
        try {
          found.push([name, id.decode(text, field)]);
        } catch (error) {
          if (!isProtocolError(error) || error.code === 'format/limit') throw error;
        }
      }
      return Object.fromEntries(found);
    },
    (value): JsonObject =>
      Object.fromEntries(Object.entries(value).map(([name, each]) => [name, each.text])),
  );
}
