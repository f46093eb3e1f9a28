import { type ContentType, defineContent } from '@dimp/dkd';
import { commandNamed } from '@dimp/dkd/commands';
import { lenientArray, object, optional } from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';

/** A list of users and groups at the station (spec §9.11). */
export interface IDListBody {
  /** Replaces the list at the station; absent in a query. */
  readonly list?: readonly ID[];
}

/** Senders whose messages cause no push notification, `mute` (spec §9.11). */
export const Mute: ContentType<'mute', IDListBody> = /* @__PURE__ */ defineContent({
  kind: 'mute',
  match: /* @__PURE__ */ commandNamed('mute'),
  schema: ({ id }) => object({ list: optional(lenientArray(id)) }),
});

/** Senders whose messages the user refuses, `block` (spec §9.11). */
export const Block: ContentType<'block', IDListBody> = /* @__PURE__ */ defineContent({
  kind: 'block',
  match: /* @__PURE__ */ commandNamed('block'),
  schema: ({ id }) => object({ list: optional(lenientArray(id)) }),
});
