import type { JsonObject } from '@dimp/foundation';
import type { InferOutput, Schema } from '@dimp/foundation/schema';
import { isTwoWay } from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Content, Draft, UnknownContent } from './content.ts';

/** What contents made of other things need for reading them: the IDs and contents of the same protocol instance. */
export interface ContentContext {
  /** IDs with the registered address families. */
  readonly id: Schema<ID>;
  /** Contents of any registered type. */
  readonly content: Schema<Content | UnknownContent>;
}

/**
 * The wire members that select a content type; values are compared as text. `*` means: any text that is not empty.
 */
export interface ContentMatch {
  /** Type number as decimal text, or several; the first is written. */
  readonly type: string | readonly string[];
  readonly [member: string]: string | readonly string[];
}

/** A type of contents as a plug-in value; made by {@link defineContent}. */
export interface ContentType<Kind extends string, Body> {
  readonly kind: Kind;
  /** What selects the type; each element of a list is enough, and the first one is written. */
  readonly match: ContentMatch | readonly ContentMatch[];
  /** Makes the schema of the body, once for each registry. */
  schema(context: ContentContext): StandardSchemaV1<unknown, Body>;
  /** Wire members of a body, besides those that {@link ContentType.match} fixes. */
  encode(body: Body, schema: StandardSchemaV1<unknown, Body>): JsonObject;
  /** Text for clients that do not know the type. */
  fallback(body: Body): string | undefined;
  /** A content of this type to be sent. */
  create(body: Body, options?: { readonly group?: ID }): Draft<Kind, Body>;
}

/** A {@link ContentType} of any kind and body. */
// biome-ignore lint/suspicious/noExplicitAny: existential type, the registry infers the real ones
export type AnyContentType = ContentType<any, any>;
/** The contents that a content type reads. */
export type ContentOf<T> = T extends ContentType<infer K, infer B> ? Content<K, B> : never;

/** What {@link defineContent} takes. */
export interface ContentDefinition<Kind extends string, S extends StandardSchemaV1> {
  /** Unique name; with a domain in front for your own types: `com.example/greeting`. */
  readonly kind: Kind;
  /**
   * Which wire members select it, or several ways to. The type with the most fixed texts that fit wins, then the one
   * with the most `*`.
   */
  readonly match: ContentMatch | readonly ContentMatch[];
  /**
   * Schema of the body: any Standard Schema, or a function that makes one of the protocol's IDs and contents. It must be
   * synchronous; whatever it throws refuses the one content that it was given.
   */
  readonly schema: S | ((context: ContentContext) => S);
  /** Wire members of a body; by default those of the schema, or the body itself. */
  readonly encode?: (body: InferOutput<S>) => JsonObject;
  /** Text for clients that do not know the type; it is sent along as `text` unless the body has one. */
  readonly fallback?: (body: InferOutput<S>) => string;
}

/** By its mark, and not by its type: schemas of arktype are functions. */
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
