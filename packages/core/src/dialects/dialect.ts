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
   * Whether the IV is inside the message key. Such a key must encrypt one message only, because otherwise its IV would be
   * reused (spec §2.1, §14.7 no. 9).
   */
  readonly ivInKey: boolean;
  /** Converts the normalized spelling to that of this generation. */
  outgoing(scope: WireScope, wire: JsonObject): JsonObject;
}
