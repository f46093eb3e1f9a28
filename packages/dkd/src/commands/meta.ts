import type { JsonObject } from '@dimp/foundation';
import { alias, jsonObject, object, optional } from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';
import { type ContentType, defineContent } from '../content-type.ts';
import { commandNamed } from './match.ts';

/** A query for a meta, or the answer (spec §9.5). */
export interface MetaCommandBody {
  readonly did: ID;
  /** The meta as on the wire, not verified; absent in a query. */
  readonly meta?: JsonObject;
}

/** Query for a meta or the answer, `meta` (spec §9.5). */
export const MetaCommand: ContentType<'meta', MetaCommandBody> = /* @__PURE__ */ defineContent({
  kind: 'meta',
  match: /* @__PURE__ */ commandNamed('meta'),
  schema: ({ id }) => object({ did: alias(id, 'ID'), meta: optional(jsonObject) }),
});
