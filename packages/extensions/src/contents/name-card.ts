import { type ContentType, defineContent } from '@dimp/dkd';
import { alias, object, optional, string } from '@dimp/foundation/schema';
import type { ID, PortableNetworkFile } from '@dimp/mkm';
import { ignored } from '../fields/lenient.ts';
import { networkFile } from '../fields/network-file.ts';
import { ref } from '../fields/ref.ts';

/** A user recommended to the reader (spec §9.2). */
export interface NameCardBody {
  readonly did: ID;
  /** The sender's name for the user; proves nothing. */
  readonly name?: string;
  readonly avatar?: PortableNetworkFile;
  /** Fingerprint of the user's ID and key, 22 characters of Base64url; see `fingerprint` of `@dimp/chat/links`. */
  readonly fp?: string;
}

/** A name card, type 51 (spec §9.2). */
export const NameCard: ContentType<'card', NameCardBody> = /* @__PURE__ */ defineContent({
  kind: 'card',
  match: { type: '51' },
  schema: ({ id }) =>
    object({
      did: alias(id, 'ID'),
      name: optional(string),
      avatar: networkFile(),
      fp: ignored(ref),
    }),
});
