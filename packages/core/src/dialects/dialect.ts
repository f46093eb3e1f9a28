import type { JsonObject } from '@dimp/foundation';

/** What kind of wire object a dialect is asked to convert. */
export type WireScope = 'message' | 'content' | 'key' | 'meta' | 'document';

/**
 * How one generation of peers spells things: two pure functions over wire objects (spec §15). Between them the rest of
 * the code sees one normalized model: long names, types as decimal text, one name for each thing.
 */
export interface Dialect<Name extends string = string> {
  readonly name: Name;
  /**
   * Whether the IV stands inside the message key. Such a key must serve one message only, because its IV is used again
   * with it (spec §2.1, §14.7 no. 9).
   */
  readonly ivInKey: boolean;
  /**
   * From this or any other generation's spelling to the normalized one.
   *
   * @throws `format/field` where two names of one thing contradict each other.
   */
  incoming(scope: WireScope, wire: JsonObject): JsonObject;
  /** From the normalized spelling to this generation's. */
  outgoing(scope: WireScope, wire: JsonObject): JsonObject;
}
