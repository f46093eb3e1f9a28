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

/** Something a user keeps at a station (spec §9.10). */
export interface StorageBody {
  /** What it is: `contacts`, `private_key` … */
  readonly title: string;
  /** Whose it is. */
  readonly did?: ID;
  /** The thing, encrypted with `key`; absent in a question. */
  readonly data?: Uint8Array;
  /** The symmetric key, encrypted with the user's own public key. */
  readonly key?: Uint8Array;
  /** Contacts in the clear, from old clients. */
  readonly contacts?: readonly ID[];
}

/** Keeping encrypted things at a station, `storage` (spec §9.10). Old clients use the title as the command's name. */
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
