import type { JsonObject } from '@dimp/foundation';

/** Members of a message that stations write for each other; they are not signed (spec §8.1, §14.1 #15). */
export const STATION_MEMBERS: readonly string[] = /* @__PURE__ */ Object.freeze([
  'traces',
  'recipients',
  'neighbor',
  'muted',
  'error',
  'pass',
  'origin',
  'GF',
]);

/** Returns a message without the members that stations write; the same object if it has none. */
export function withoutStationMembers(wire: JsonObject): JsonObject {
  if (!STATION_MEMBERS.some((name) => Object.hasOwn(wire, name))) return wire;
  return Object.fromEntries(
    Object.entries(wire).filter(([name]) => !STATION_MEMBERS.includes(name)),
  );
}
