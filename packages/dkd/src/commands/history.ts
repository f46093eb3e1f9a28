import { fieldError, type JsonObject, ownMember, toText } from '@dimp/foundation';

/**
 * History commands are put in order by their time, so under type 137 it has to be there, and the serial number as well
 * (spec §9.1).
 *
 * @throws `format/field`
 */
export function requireHistory(wire: JsonObject): void {
  if (toText(ownMember(wire, 'type'), 'type') !== '137') return;
  for (const field of ['sn', 'time']) {
    if ((ownMember(wire, field) ?? undefined) === undefined) throw fieldError(field, 'is missing');
  }
}
