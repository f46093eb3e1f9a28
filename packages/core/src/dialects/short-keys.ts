import type { JsonObject } from '@dimp/foundation';
import { isJsonObject } from '@dimp/foundation';

/** Scopes that have single-letter member names. */
export type ShortKeyScope = 'message' | 'content' | 'key';

/** Single-letter names and their long forms (spec §10). `K` of a message depends on its value: a text means `key`, an object `keys`. */
const LETTERS: Readonly<Record<ShortKeyScope, Readonly<Record<string, string>>>> =
  /* @__PURE__ */ Object.freeze({
    message: {
      F: 'sender',
      R: 'receiver',
      W: 'time',
      T: 'type',
      G: 'group',
      K: 'keys',
      D: 'data',
      V: 'signature',
      M: 'meta',
      P: 'visa',
    },
    content: { T: 'type', N: 'sn', W: 'time', G: 'group', C: 'command' },
    key: { A: 'algorithm', D: 'data', I: 'iv' },
  });

/** The long names of a scope with their single letters. */
export function shortNames(
  scope: ShortKeyScope,
): readonly (readonly [name: string, letter: string])[] {
  return Object.entries(LETTERS[scope]).map(([letter, name]) => [name, letter]);
}

/** Replaces single-letter names by long ones. A letter stays if the long name is present (spec §10). */
export function expandShortKeys(scope: ShortKeyScope, wire: JsonObject): JsonObject {
  const letters = LETTERS[scope];
  let expanded: Record<string, JsonObject[string]> | undefined;
  for (const letter of Object.keys(letters)) {
    if (!Object.hasOwn(wire, letter)) continue;
    const value = wire[letter];
    const isMessageKey = scope === 'message' && letter === 'K' && !isJsonObject(value);
    const name = isMessageKey ? 'key' : (letters[letter] as string);
    if (Object.hasOwn(wire, name)) continue;
    expanded ??= { ...wire };
    delete expanded[letter];
    expanded[name] = value;
  }
  return expanded ?? wire;
}

/** Replaces long names by single letters, as 2.4 peers do. A single `key` stays long (spec §10). */
export function shortenKeys(scope: ShortKeyScope, wire: JsonObject): JsonObject {
  const names = new Map(Object.entries(LETTERS[scope]).map(([letter, name]) => [name, letter]));
  const shortened: Record<string, JsonObject[string]> = {};
  for (const [name, value] of Object.entries(wire)) {
    const letter = names.get(name);
    shortened[letter === undefined || Object.hasOwn(wire, letter) ? name : letter] = value;
  }
  return shortened;
}
