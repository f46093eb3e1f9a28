import { type JsonObject, stringifyJson } from '@dimp/foundation';

/** Members that only stations write (spec §8.1, §14.1 #15). */
const STATION_FIELDS: readonly string[] = [
  'traces',
  'recipients',
  'neighbor',
  'muted',
  'error',
  'pass',
  'origin',
  'GF',
];

/**
 * The text of a message without the members that only stations write. Clients could keep a message from spreading with
 * them, or put words into notifications.
 *
 * @returns undefined if there are none: the text as received is relayed
 */
export function withoutStationFields(wire: JsonObject): string | undefined {
  if (!STATION_FIELDS.some((name) => Object.hasOwn(wire, name))) return undefined;
  const rest = Object.entries(wire).filter(([name]) => !STATION_FIELDS.includes(name));
  return stringifyJson(Object.fromEntries(rest));
}
