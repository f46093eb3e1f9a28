import { definedOnly, isProtocolError, ProtocolError } from '@dimp/foundation';
import { EntityType, type ID, sameEntity } from '@dimp/mkm';

/**
 * Returns the error for a message that is refused because of its time, by us or by the station: the clocks differ too
 * much. Without this error the station would only seem silent.
 *
 * @param error - why the message was refused
 * @param sender - its author, verified by the signature
 * @param station - the expected station, if it is known
 * @returns undefined if the error is not about the clock
 */
export function clockError(
  error: unknown,
  sender: ID | undefined,
  station: ID | undefined,
): ProtocolError<'transport/clock'> | undefined {
  if (sender === undefined || sender.type !== EntityType.Station) return undefined;
  if (station !== undefined && !sameEntity(sender, station)) return undefined;
  if (!isProtocolError(error)) return undefined;
  const { ahead } = error.details;
  // The first thing a station shows is its visa.
  const isVisaAhead = error.code === 'identity/document-invalid' && typeof ahead === 'number';
  if (error.code !== 'policy/expired' && !isVisaAhead) return undefined;
  if (typeof ahead !== 'number') return wrongClock();
  return wrongClock(`${Math.round(ahead / 60_000)} minutes behind that of the station`, ahead);
}

/** The error when the station refuses our messages because of their time. */
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
