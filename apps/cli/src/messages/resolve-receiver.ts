import { isProtocolError } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';
import { protocol } from '../account/protocol.ts';
import type { MessagingCalls } from '../host/messaging-calls.ts';
import { type Found, type People, personNotFound } from '../people/people.ts';
import type { Context } from '../terminal/context.ts';
import { deadline } from '../terminal/deadline.ts';
import { oneLine } from '../terminal/text.ts';

/** Seconds that a station has to say whether a stranger's name belongs to another person. */
const NAME_TIMEOUT = 5;

/**
 * Resolves a name that no contact has: to a stranger the user has exchanged messages with, or to the ID that the station
 * knows under this name (spec §9.12).
 *
 * @param found - the stranger with this name, if there is one
 * @throws `usage` if both exist and differ; `identity/not-found` if neither does
 */
export async function resolveReceiver(
  name: string,
  found: Found | undefined,
  people: People,
  calls: Pick<MessagingCalls, 'resolve'>,
  context: Context,
): Promise<ID> {
  const atStation = await askStation(name, found, calls, context);
  if (found !== undefined) {
    if (atStation === undefined || sameEntity(atStation, found.id)) return found.id;
    const both = [await people.person(found.id), await people.person(atStation)];
    throw people.ambiguous(name, both);
  }
  if (atStation === undefined) throw personNotFound();
  const label = await people.label(atStation);
  context.output.event(
    'resolved',
    { name, to: await people.facts(atStation) },
    `the station says that ${oneLine(name)} is ${label}, ${atStation.text}`,
  );
  return atStation;
}

/** @param found - a known stranger with this name; if there is one, the command goes on without an answer of the station */
async function askStation(
  name: string,
  found: Found | undefined,
  calls: Pick<MessagingCalls, 'resolve'>,
  { signal }: Context,
): Promise<ID | undefined> {
  const limit = found === undefined ? undefined : deadline(NAME_TIMEOUT);
  try {
    const id = await calls.resolve(name, {
      signal: limit === undefined ? signal : AbortSignal.any([signal, limit]),
    });
    return id === undefined ? undefined : protocol.parseID(id);
  } catch (error) {
    signal.throwIfAborted();
    if (limit?.aborted === true) return undefined;
    if (found !== undefined && isProtocolError(error, 'transport/timeout')) return undefined;
    throw error;
  }
}
