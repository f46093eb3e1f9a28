import type { JsonObject } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';

/** What a message says: a typed body with the members every content has (spec §9.1). Plain data. */
export interface Content<Kind extends string = string, Body = unknown> {
  /** Name of the content type that read it, such as `text`; the member that a `switch` narrows by. */
  readonly kind: Kind;
  /** Type number on the wire as decimal text, such as `"1"` (spec §9.1). */
  readonly type: string;
  /** Serial number (spec §1.8); 0 where the sender left it out. */
  readonly sn: number;
  /** Seconds since the epoch. */
  readonly time?: number;
  /** The group this is said in. */
  readonly group?: ID;
  readonly body: Body;
  /** The object exactly as received or as it will be sent: unknown members survive forwarding. */
  readonly wire: JsonObject;
}

/** A content whose type is not registered. It is kept without loss and can be forwarded. */
export type UnknownContent = Content<'unknown', JsonObject>;

/** A content that has not been numbered and dated yet: what `create` of a content type makes. */
export interface Draft<Kind extends string = string, Body = unknown> {
  readonly kind: Kind;
  readonly body: Body;
  readonly group?: ID;
}

/** The draft of a content type's contents. */
export type DraftOf<C> = C extends Content<infer Kind, infer Body> ? Draft<Kind, Body> : never;
