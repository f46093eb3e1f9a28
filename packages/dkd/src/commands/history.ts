import { fieldError, type JsonObject, ownMember, toText } from '@dimp/foundation';

/**
 * Checks that a command under type 137 has a time and a serial number: history commands are ordered by their time (spec §9.1).
 *
 * @throws `format/field`
 */
export function requireHistory(wire: JsonObject): void {
  if (toText(ownMember(wire, 'type'), 'type') !== '137') return;
  for (const field of ['sn', 'time']) {
    if ((ownMember(wire, field) ?? undefined) === undefined) throw fieldError(field, 'is missing');
  }
}
