import { isProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { type Connection, connectionOf, DEFAULT_TIMEOUT } from '../connection.ts';
import type { Context } from '../context.ts';
import { deadline } from '../deadline.ts';
import { CommandFailure } from '../failure.ts';
import { openProfile } from '../profile.ts';
import { protocol } from '../protocol.ts';
import {
  addStation,
  parseStation,
  readStations,
  removeStation,
  type StationPlace,
  stationsFor,
} from '../stations.ts';

/** Options of `dim station add`. */
export interface AddStationOptions {
  /** ID of the station, if somebody has told it. */
  readonly id?: string;
}

/** Options of `dim station check`. */
export interface CheckStationOptions {
  /** Seconds. */
  readonly timeout?: number;
  /** Accepts another station than was at the address before. */
  readonly trust?: boolean;
}

/** Lists the stations of the profile. */
export async function listStationsCommand(context: Context): Promise<void> {
  await using profile = await openProfile(context, 'read');
  const stations = await readStations(profile.store);
  for (const place of stations) show('station', place, '', context);
  if (stations.length === 0) context.output.note('no stations yet: dim station add HOST:PORT');
}

/** Adds a station to the profile. */
export async function addStationCommand(
  text: string,
  options: AddStationOptions,
  context: Context,
): Promise<void> {
  const id: ID | undefined = options.id === undefined ? undefined : protocol.parseID(options.id);
  const place = parseStation(text, id);
  await using profile = await openProfile(context);
  await addStation(profile.store, place);
  show('station', place, '', context);
}

/** Removes a station from the profile. */
export async function removeStationCommand(text: string, context: Context): Promise<void> {
  const place = parseStation(text);
  await using profile = await openProfile(context);
  if (!(await removeStation(profile.store, place))) {
    throw new CommandFailure('no-station', 'the profile has no such station');
  }
  show('station-removed', place, ' removed', context);
}

/** A name that nobody has: what counts is that the station answers. */
const NOBODY = 'dim-station-check';

/** Connects to a station, logs in, and measures how long that takes. */
export async function checkStationCommand(
  text: string | undefined,
  { timeout = DEFAULT_TIMEOUT, trust = false }: CheckStationOptions,
  context: Context,
): Promise<void> {
  await using profile = await openProfile(context);
  const places =
    text === undefined ? await stationsFor(profile.store, context) : [parseStation(text)];
  for (const place of places) {
    await using connection = await connectionOf(profile, context, {
      stations: [place],
      trustNewStation: trust,
    });
    const { session } = connection;
    const times = new Map<string, number>();
    using _states = session.on('state', ({ state }) => {
      if (!times.has(state)) times.set(state, performance.now());
    });
    await session.start();
    await connection.online(timeout);
    const [connecting = 0, handshaking = 0, online = 0] = [
      times.get('connecting'),
      times.get('handshaking'),
      times.get('online'),
    ];
    const asked = performance.now();
    const answers = await answersQuestions(session, timeout, context);
    const facts = {
      url: place.url,
      id: session.report.station?.id?.text,
      connectMs: milliseconds(handshaking - connecting),
      loginMs: milliseconds(online - handshaking),
      ...(answers ? { roundTripMs: milliseconds(performance.now() - asked) } : {}),
    };
    context.output.result('station-check', facts, [
      `${place.url} is ${facts.id ?? 'unknown'}`,
      `connected in ${facts.connectMs} ms, logged in in ${facts.loginMs} ms, ${
        facts.roundTripMs === undefined
          ? 'answers no questions'
          : `answers in ${facts.roundTripMs} ms`
      }`,
    ]);
  }
}

/** Asks for a name that nobody has. Not every station answers that. */
async function answersQuestions(
  session: Connection['session'],
  timeout: number,
  { signal }: Context,
): Promise<boolean> {
  const limit = deadline(timeout);
  try {
    await session.resolve(NOBODY, AbortSignal.any([signal, limit]));
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (limit.aborted || isProtocolError(error, 'transport/timeout')) return false;
    throw error;
  }
}

function milliseconds(time: number): number {
  return Math.round(time * 10) / 10;
}

function show(type: string, place: StationPlace, gone: string, { output }: Context): void {
  const { url, host, port, id } = place;
  const expected = id === undefined ? '' : ` ${id.text}`;
  output.result(type, { url, host, port, id: id?.text }, `${url}${expected}${gone}`);
}
