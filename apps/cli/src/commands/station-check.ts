import { isProtocolError } from '@dimp/foundation';
import { openProfile } from '../account/profile.ts';
import { parseStation, stationsFor } from '../account/stations.ts';
import { type Connection, connectionOf, DEFAULT_TIMEOUT } from '../messages/connection.ts';
import type { Context } from '../terminal/context.ts';
import { deadline } from '../terminal/deadline.ts';
import { type CommandDefinition, option, secondsOption } from './command.ts';

/** Options of `dim station check`. */
interface CheckStationOptions {
  /** Seconds. */
  readonly timeout?: number;
  /** Accepts a station with another ID than the address had before. */
  readonly trust?: boolean;
}

/** A name that does not exist: the answer does not matter, only that there is one. */
const UNKNOWN_NAME = 'dim-station-check';

/** Connects to a station, logs in, and measures how long that takes. */
export const checkStationCommand: CommandDefinition<
  CheckStationOptions,
  [address: string | undefined]
> = {
  usage: 'check [address]',
  description: 'Connects, logs in, and measures how long that takes.',
  options: [
    secondsOption('--timeout <seconds>', 'how long to wait; 30 by default'),
    option('--trust', 'accept another station at a known address, and remember its ID'),
  ],
  examples: ['dim station check', 'dim station check ws://192.0.2.7:9394'],

  async run(context, { timeout = DEFAULT_TIMEOUT, trust = false }, text) {
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
  },
};

/** Asks for a name that does not exist. Not every station answers such a question. */
async function answersQuestions(
  session: Connection['session'],
  timeout: number,
  { signal }: Context,
): Promise<boolean> {
  const limit = deadline(timeout);
  try {
    await session.resolve(UNKNOWN_NAME, AbortSignal.any([signal, limit]));
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
