import {
  equalJson,
  fieldError,
  isJsonObject,
  type Json,
  type JsonObject,
  ownMember,
} from '@dimp/foundation';
import type { WireScope } from './dialect.ts';
import { expandShortKeys } from './short-keys.ts';
import { normalizeType } from './type-number.ts';

/**
 * Normalizes the spelling of any generation (spec §15.3): expands short names if the long one is absent, writes types as decimal
 * text, and uses the modern one of two names.
 *
 * @throws `format/field` if two names of one thing contradict each other
 */
export function normalizeWire(scope: WireScope, wire: JsonObject): JsonObject {
  switch (scope) {
    case 'message':
      return normalizeMessage(wire);
    case 'content':
      return normalizeContent(wire);
    case 'key':
      return expandShortKeys('key', wire);
    case 'meta':
      return unify(wire, 'type', 'version');
    case 'document':
      return unify(wire, 'did', 'ID');
  }
}

/** {@link normalizeWire} of a reliable message. */
export function normalizeMessage(wire: JsonObject): JsonObject {
  return withType(expandShortKeys('message', wire));
}

/** {@link normalizeWire} of a content. */
export function normalizeContent(wire: JsonObject): JsonObject {
  const long = withType(expandShortKeys('content', wire));
  switch (ownMember(long, 'type')) {
    case '51':
      return unify(long, 'did', 'ID');
    case '136':
    case '137':
      return withStation(unify(unify(long, 'command', 'cmd'), 'did', 'ID'));
    default:
      return long;
  }
}

function withType(wire: JsonObject): JsonObject {
  const given = ownMember(wire, 'type');
  if (given === undefined || given === null) return wire;
  const type = normalizeType(given);
  return type === given ? wire : { ...wire, type };
}

/** Normalizes the ID of station and provider inside a login (spec §9.7). */
function withStation(wire: JsonObject): JsonObject {
  if (ownMember(wire, 'command') !== 'login') return wire;
  let unified = wire;
  for (const name of ['station', 'provider']) {
    const inner = ownMember(unified, name);
    if (isJsonObject(inner)) unified = { ...unified, [name]: unify(inner, 'did', 'ID') };
  }
  return unified;
}

/** Renames a member to its modern name. Both names may be present, but must have the same value. */
function unify(wire: JsonObject, name: string, old: string): JsonObject {
  const found = ownMember(wire, old) ?? undefined;
  if (found === undefined) return wire;
  const modern = ownMember(wire, name) ?? undefined;
  if (modern === undefined) {
    // One copy only, because a hostile object may have thousands of members.
    const { [old]: _, ...rest }: Record<string, Json | undefined> = wire;
    rest[name] = found;
    return rest;
  }
  if (!equalJson(modern, found) && !sameText(modern, found)) {
    throw fieldError(old, `contradicts ${name}`);
  }
  const { [old]: _, ...rest } = wire;
  return rest;
}

/** Whether two values have the same text. Objects are not converted: a member `toString` would make that throw. */
function sameText(a: Json, b: Json): boolean {
  return typeof a !== 'object' && typeof b !== 'object' && String(a) === String(b);
}
