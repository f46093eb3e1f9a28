import type { JsonObject } from '@dimp/foundation';

/** Members of a message that stations write for each other; nobody signs them (spec §8.1, §14.1 #15). */
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

/** A message without what stations have written on it; the same object if that is nothing. */
export function withoutStationMembers(wire: JsonObject): JsonObject {
  if (!STATION_MEMBERS.some((name) => Object.hasOwn(wire, name))) return wire;
  return Object.fromEntries(
    Object.entries(wire).filter(([name]) => !STATION_MEMBERS.includes(name)),
  );
}
