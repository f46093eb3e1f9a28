import { type ContentType, defineContent } from '@dimp/dkd';
import { commandNamed } from '@dimp/dkd/commands';
import { type JsonObject, ownMember } from '@dimp/foundation';
import {
  alias,
  bytes,
  lenientArray,
  object,
  optional,
  requiredText,
  wireObject,
} from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';

/** Encrypted data of a user at a station (spec §9.10). */
export interface StorageBody {
  /** Kind of data: `contacts`, `private_key` … */
  readonly title: string;
  /** The owner of the data. */
  readonly did?: ID;
  /** The data, encrypted with `key`; absent in a query. */
  readonly data?: Uint8Array;
  /** The symmetric key, encrypted with the user's own public key. */
  readonly key?: Uint8Array;
  /** Contacts in the clear, from older clients. */
  readonly contacts?: readonly ID[];
}

/** Stores encrypted data at a station, `storage` (spec §9.10). Older clients use the title as the name of the command. */
export const Storage: ContentType<'storage', StorageBody> = /* @__PURE__ */ defineContent({
  kind: 'storage',
  match: /* @__PURE__ */ commandNamed('storage', 'contacts', 'private_key'),
  schema: ({ id }) => {
    const members = object({
      did: optional(alias(id, 'ID')),
      data: optional(bytes),
      key: optional(bytes),
      contacts: optional(lenientArray(id)),
    });
    return wireObject<StorageBody>(
      (wire) => ({
        title: requiredText(ownMember(wire, 'title') ?? ownMember(wire, 'command'), 'title'),
        ...members.decode(wire, 'storage'),
      }),
      ({ title, ...body }) => ({ title, ...(members.encode(body) as JsonObject) }),
    );
  },
});
