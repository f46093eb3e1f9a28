import type { JsonObject } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';

/** The content of a message: a typed body and the members that every content has (spec §9.1). Plain data. */
export interface Content<Kind extends string = string, Body = unknown> {
  /** Name of its content type, such as `text`. A `switch` over it narrows the body. */
  readonly kind: Kind;
  /** Type number on the wire as decimal text, such as `"1"` (spec §9.1). */
  readonly type: string;
  /** Serial number (spec §1.8); 0 if the sender left it out. */
  readonly sn: number;
  /** Seconds since the epoch. */
  readonly time?: number;
  /** The group that the content belongs to. */
  readonly group?: ID;
  readonly body: Body;
  /** The JSON object exactly as received, or as it will be sent. Unknown members survive forwarding. */
  readonly wire: JsonObject;
}

/** A content whose type is not registered. It keeps all members and can be forwarded. */
export type UnknownContent = Content<'unknown', JsonObject>;

/** A content without serial number and time, as `create` of a content type returns it. */
export interface Draft<Kind extends string = string, Body = unknown> {
  readonly kind: Kind;
  readonly body: Body;
  readonly group?: ID;
}

/** The draft of a content type's contents. */
export type DraftOf<C> = C extends Content<infer Kind, infer Body> ? Draft<Kind, Body> : never;
