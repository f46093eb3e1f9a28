import { isAhead } from '@dimp/endpoint';
import { definedOnly, isProtocolError, ProtocolError } from '@dimp/foundation';
import { EntityType, type ID, sameEntity } from '@dimp/mkm';

/**
 * What it means that a message of the station was refused because of its time, or that the station refuses ours: the clocks
 * differ by more than messages may. Without it a station would look silent.
 *
 * @param error - why the message was refused, here or there
 * @param sender - who has written it; proven
 * @param station - who has to be there, if it is known
 * @returns undefined where it says nothing of the clock
 */
export function clockError(
  error: unknown,
  sender: ID | undefined,
  station: ID | undefined,
): ProtocolError<'transport/clock'> | undefined {
  if (sender === undefined || sender.type !== EntityType.Station) return undefined;
  if (station !== undefined && !sameEntity(sender, station)) return undefined;
  if (!isProtocolError(error, 'policy/expired')) return undefined;
  const ahead = error.details['ahead'];
  if (!isAhead(error) || typeof ahead !== 'number') return wrongClock();
  return wrongClock(`${Math.round(ahead / 60_000)} minutes behind that of the station`, ahead);
}

/** The station refuses what we write because of its time. */
export function wrongClock(
  how = 'far from that of the station',
  behind?: number,
): ProtocolError<'transport/clock'> {
  return new ProtocolError(
    'transport/clock',
    `the clock of this device is ${how}: is it set right, and its time zone?`,
    { details: definedOnly({ behind }) },
  );
}
