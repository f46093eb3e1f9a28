import { array, object } from '@dimp/foundation/schema';
import type { Content, UnknownContent } from '../content.ts';
import { type ContentType, defineContent } from '../content-type.ts';

/** Several contents in one message (spec §9.2). */
export interface ArrayBody {
  /** At most {@link MAX_ARRAY_CONTENTS}; narrow each by its `kind`. */
  readonly contents: readonly (Content | UnknownContent)[];
}

/** Maximum number of contents in one array. Nested arrays multiply the work of a reader (spec §14.7). */
export const MAX_ARRAY_CONTENTS = 64;

/**
 * A list of contents, type 202 (spec §9.2). More than 64 are refused with `format/limit`.
 *
 * The contents inside must be stamped with `protocol.contents.stamp`.
 */
export const ArrayContent: ContentType<'array', ArrayBody> = /* @__PURE__ */ defineContent({
  kind: 'array',
  match: { type: '202' },
  schema: ({ content }) => object({ contents: array(content, MAX_ARRAY_CONTENTS) }),
});
