import { type ContentType, defineContent } from '@dimp/dkd';
import { commandNamed } from '@dimp/dkd/commands';
import { lenientArray, object, optional } from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';

/** A list of users and groups kept at the station (spec §9.11). */
export interface IDListBody {
  /** Replaces the list at the station; absent in a question for it. */
  readonly list?: readonly ID[];
}

/** From whom a user wants no push notification, `mute` (spec §9.11). */
export const Mute: ContentType<'mute', IDListBody> = /* @__PURE__ */ defineContent({
  kind: 'mute',
  match: /* @__PURE__ */ commandNamed('mute'),
  schema: ({ id }) => object({ list: optional(lenientArray(id)) }),
});

/** From whom a user wants no messages, `block` (spec §9.11). */
export const Block: ContentType<'block', IDListBody> = /* @__PURE__ */ defineContent({
  kind: 'block',
  match: /* @__PURE__ */ commandNamed('block'),
  schema: ({ id }) => object({ list: optional(lenientArray(id)) }),
});
