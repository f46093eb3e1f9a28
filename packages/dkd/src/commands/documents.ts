import {
  definedOnly,
  fieldError,
  isJsonObject,
  type Json,
  type JsonObject,
  ownMember,
} from '@dimp/foundation';
import {
  alias,
  array,
  json,
  jsonObject,
  object,
  optional,
  time,
  wireObject,
} from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';
import { type ContentType, defineContent } from '../content-type.ts';
import { commandNamed } from './match.ts';

/** A query for documents, or the answer (spec §9.5). */
export interface DocumentsCommandBody {
  /** The entity of the documents; applies to documents that name no entity. */
  readonly did: ID;
  /** The meta as on the wire, not verified. A receiver without it needs it for the documents. */
  readonly meta?: JsonObject;
  /** The documents as on the wire, not verified; absent in a query. */
  readonly documents?: readonly JsonObject[];
  /** In a query: asks for newer documents only, in seconds since the epoch. */
  readonly last_time?: number;
}

/**
 * Query for documents or the answer, `documents`; called `document` on the current wire and `profile` in 0.8 (spec §9.5). Reads
 * all three forms.
 */
export const DocumentsCommand: ContentType<'documents', DocumentsCommandBody> =
  /* @__PURE__ */ defineContent({
    kind: 'documents',
    match: /* @__PURE__ */ commandNamed('documents', 'document', 'profile'),
    schema: ({ id }) => {
      const members = object({
        did: alias(id, 'ID'),
        meta: optional(jsonObject),
        last_time: optional(time),
      });
      const written = array(jsonObject);
      return wireObject<DocumentsCommandBody>(
        (wire) => {
          const read = members.decode(wire, 'documents');
          return { ...read, ...definedOnly({ documents: readDocuments(wire, read.did) }) };
        },
        ({ documents, ...body }) => ({
          ...(members.encode(body) as JsonObject),
          ...(documents === undefined ? {} : { documents: written.encode(documents) }),
        }),
      );
    },
  });

function readDocuments(wire: JsonObject, did: ID): readonly JsonObject[] | undefined {
  const documents = ownMember(wire, 'documents') ?? undefined;
  if (documents !== undefined)
    return array(json).decode(documents, 'documents').filter(isJsonObject);
  const document = ownMember(wire, 'document') ?? undefined;
  if (document !== undefined) return [jsonObject.decode(document, 'document')];
  const profile = ownMember(wire, 'profile') ?? undefined;
  return profile === undefined ? undefined : [readProfile(profile, wire, did)];
}

/** Peers of 0.8 put the signed text and its signature into the command itself, peers of 1.1 an object (spec §7.1). */
function readProfile(profile: Json, wire: JsonObject, did: ID): JsonObject {
  if (isJsonObject(profile)) return profile;
  if (typeof profile !== 'string') throw fieldError('profile', 'must be a text or a JSON object');
  // `ID` instead of `did` marks a document of 0.8, which needs no time (spec §7.1).
  return { ID: did.text, data: profile, signature: ownMember(wire, 'signature') };
}
