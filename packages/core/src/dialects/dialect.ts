import type { JsonObject } from '@dimp/foundation';

/** The kind of wire object that a dialect converts. */
export type WireScope = 'message' | 'content' | 'key' | 'meta' | 'document';

/**
 * How one generation of peers spells things (spec §15). The rest of the code sees one normalized model: long names, types as
 * decimal text, one name for each thing. A dialect writes it; `normalizeWire` reads every dialect into it.
 */
export interface Dialect<Name extends string = string> {
  readonly name: Name;
  /**
   * Whether the IV stands inside the message key. Such a key must serve one message only, because its IV is used again
   * with it (spec §2.1, §14.7 no. 9).
   */
  readonly ivInKey: boolean;
  /** From the normalized spelling to this generation's. */
  outgoing(scope: WireScope, wire: JsonObject): JsonObject;
}
