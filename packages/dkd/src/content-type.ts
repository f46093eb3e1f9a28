import type { JsonObject } from '@dimp/foundation';
import type { InferOutput, Schema } from '@dimp/foundation/schema';
import { isTwoWay } from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Content, Draft, UnknownContent } from './content.ts';

/** Schemas of one protocol instance, for contents that hold IDs or other contents. */
export interface ContentContext {
  /** Schema of IDs with the registered address families. */
  readonly id: Schema<ID>;
  /** Schema of contents of any registered type. */
  readonly content: Schema<Content | UnknownContent>;
}

/**
 * The wire members that select a content type. Values are compared as text. `*` matches any non-empty text.
 */
export interface ContentMatch {
  /** Type number as decimal text, or several. The first is written. */
  readonly type: string | readonly string[];
  readonly [member: string]: string | readonly string[];
}

/** A content type as a plug-in value, created by {@link defineContent}. */
export interface ContentType<Kind extends string, Body> {
  readonly kind: Kind;
  /** Selects the type. One element of a list is enough; the first one is written. */
  readonly match: ContentMatch | readonly ContentMatch[];
  /** Creates the schema of the body, once for each registry. */
  schema(context: ContentContext): StandardSchemaV1<unknown, Body>;
  /** Returns the wire members of a body, without those that {@link ContentType.match} fixes. */
  encode(body: Body, schema: StandardSchemaV1<unknown, Body>): JsonObject;
  /** Returns a text for clients that do not know the type. */
  fallback(body: Body): string | undefined;
  /** Creates a draft of this type. */
  create(body: Body, options?: { readonly group?: ID }): Draft<Kind, Body>;
}

/** A {@link ContentType} of any kind and body. */
// biome-ignore lint/suspicious/noExplicitAny: existential type, the registry infers the real ones
export type AnyContentType = ContentType<any, any>;
/** The contents that a content type reads. */
export type ContentOf<T> = T extends ContentType<infer K, infer B> ? Content<K, B> : never;

/** Options of {@link defineContent}. */
export interface ContentDefinition<Kind extends string, S extends StandardSchemaV1> {
  /** Unique name. Put a domain in front of your own types: `com.example/greeting`. */
  readonly kind: Kind;
  /**
   * The wire members that select the type, or alternatives. The type with the most matching fixed texts wins, then the one
   * with the most `*`.
   */
  readonly match: ContentMatch | readonly ContentMatch[];
  /**
   * Schema of the body: any Standard Schema, or a function that creates one from the protocol's IDs and contents. It must be
   * synchronous. Any error that it throws refuses the content.
   */
  readonly schema: S | ((context: ContentContext) => S);
  /** Wire members of a body; by default those of the schema, or the body itself. */
  readonly encode?: (body: InferOutput<S>) => JsonObject;
  /** Text for clients that do not know the type, sent as `text` unless the body has one. */
  readonly fallback?: (body: InferOutput<S>) => string;
}

/** Tests the mark of a Standard Schema, because the schemas of arktype are functions. */
function isSchema<S extends StandardSchemaV1>(
  schema: S | ((context: ContentContext) => S),
): schema is S {
  return '~standard' in schema;
}

/**
 * Defines a content type.
 *
 * @example
 * ```ts
 * const Greeting = defineContent({
 *   kind: 'com.example/greeting',
 *   match: { type: '204', app: 'com.example', mod: 'chat', act: 'greet' },
 *   schema: z.object({ mood: z.enum(['happy', 'sad']) }),
 *   fallback: (body) => `feels ${body.mood}`,
 * });
 * await messenger.pack(Greeting.create({ mood: 'happy' }), receiver);
 * ```
 */
export function defineContent<const Kind extends string, S extends StandardSchemaV1>(
  definition: ContentDefinition<Kind, S>,
): ContentType<Kind, InferOutput<S>> {
  type Body = InferOutput<S>;
  const { kind, match, schema, encode, fallback } = definition;
  return Object.freeze<ContentType<Kind, Body>>({
    kind,
    match,
    schema: (context) =>
      (isSchema(schema) ? schema : schema(context)) as StandardSchemaV1<unknown, Body>,
    encode(body, bound) {
      if (encode !== undefined) return encode(body);
      return (isTwoWay(bound) ? bound.encode(body) : body) as JsonObject;
    },
    fallback: (body) => fallback?.(body),
    create: (body, options) =>
      options?.group === undefined ? { kind, body } : { kind, body, group: options.group },
  });
}

/** Whether a content is of a type, by its kind. */
export function isContentOf<Kind extends string, Body>(
  content: Content,
  { kind }: Pick<ContentType<Kind, Body>, 'kind' | 'create'>,
): content is Content<Kind, Body> {
  return content.kind === kind;
}
