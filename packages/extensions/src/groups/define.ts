import type { ContentContext } from '@dimp/dkd';
import { type ContentMatch, type ContentType, type Draft, defineContent } from '@dimp/dkd';
import { requireHistory } from '@dimp/dkd/commands';
import { fieldError, type JsonObject, ownMember } from '@dimp/foundation';
import { type Schema, schema } from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';

/** A content type whose contents must belong to a group. */
export interface GroupContentType<Kind extends string, Body> extends ContentType<Kind, Body> {
  /**
   * Creates a draft of this type.
   *
   * @throws `TypeError` without a group
   */
  create(body: Body, options: { readonly group: ID }): Draft<Kind, Body> & { readonly group: ID };
}

/** Matches a group command by its name: written under type 137, also read under 136 (spec §9.14). */
export function groupCommandNamed(name: string): ContentMatch {
  return { type: ['137', '136'], command: name };
}

/** Defines a content type that requires a group, and under type 137 serial number and time (spec §9.1, §9.14). */
export function defineGroupContent<const Kind extends string, Body>(definition: {
  readonly kind: Kind;
  readonly match: ContentMatch | readonly ContentMatch[];
  readonly schema: (context: ContentContext) => Schema<Body>;
}): GroupContentType<Kind, Body> {
  const { kind, match } = definition;
  const type = defineContent<Kind, Schema<Body>>({
    kind,
    match,
    schema: (context) => withGroup(definition.schema(context)),
  });
  return Object.freeze<GroupContentType<Kind, Body>>({
    ...type,
    create(body, options) {
      const group = (options as { readonly group?: ID } | undefined)?.group;
      if (group === undefined) throw new TypeError(`a content "${kind}" needs a group`);
      return { kind, body, group };
    },
  });
}

function withGroup<Body>(inner: Schema<Body>): Schema<Body> {
  return schema<Body>(
    (value, field) => {
      const body = inner.decode(value, field);
      // `inner` accepts objects only.
      const wire = value as JsonObject;
      if (!ownMember(wire, 'group')) throw fieldError('group', 'is missing');
      requireHistory(wire);
      return body;
    },
    (body) => inner.encode(body),
  );
}
