import { Chats } from '@dimp/chat';
import { Messenger } from '@dimp/client';
import { type SessionReport, StationSession } from '@dimp/client/session';
import { isProtocolError, ProtocolError } from '@dimp/foundation';
import type { User } from '@dimp/mkm';
import { type Profile, userOf } from '../account/profile.ts';
import type { AppProtocol } from '../account/protocol.ts';
import { addressOf, type StationPlace, stationsFor } from '../account/stations.ts';
import type { Context } from '../terminal/context.ts';
import { deadline } from '../terminal/deadline.ts';
import type { Output } from '../terminal/output.ts';

/** Seconds that a command waits for a station by default. */
export const DEFAULT_TIMEOUT = 30;
/** Name of the program in the login (spec §9.7). */
const AGENT = 'dim (command line)';

/** Options for {@link connectionOf}. */
export interface ConnectionOptions {
  /** Accepts a station with another ID than the address had before. */
  readonly trustNewStation?: boolean;
  /** The stations to use instead of those of the profile. */
  readonly stations?: readonly StationPlace[];
}

/** Messenger and session of a profile. */
export interface Connection extends AsyncDisposable {
  readonly user: User;
  readonly messenger: Messenger<AppProtocol>;
  readonly session: StationSession<AppProtocol>;
  /**
   * Waits until the session is online.
   *
   * @throws the error of the last attempt after `seconds`; the reason of the program's signal
   */
  online(seconds: number): Promise<void>;
}

/**
 * Creates messenger and session of a profile. Connects only on `session.start()`, so that handlers can be added before.
 *
 * @throws `no-station`; `identity/not-found`
 */
export async function connectionOf(
  profile: Profile,
  context: Context,
  options: ConnectionOptions = {},
): Promise<Connection> {
  const { output, signal } = context;
  const user = await userOf(profile);
  const stations = options.stations ?? (await stationsFor(profile.store, context));
  const { facebook } = profile;
  // What arrives meanwhile belongs into the conversations.
  const chats = new Chats({ facebook, user: user.id });
  const messenger = new Messenger({ facebook, services: [chats] });
  const session = new StationSession({
    messenger,
    stations: stations.map(addressOf),
    user: user.id,
    agent: AGENT,
    trustNewStation: options.trustNewStation === true,
  });
  session.on('state', (report) => showState(report, output));
  messenger.on('failed', ({ error }) => {
    const code = isProtocolError(error) ? error.code : 'internal';
    output.event('problem', { code }, `background work failed [${code}]`);
  });
  return {
    user,
    messenger,
    session,
    online: (seconds) => online(session, seconds, signal),
    async [Symbol.asyncDispose]() {
      await session.stop();
      await messenger[Symbol.asyncDispose]();
    },
  };
}

async function online(
  session: StationSession<AppProtocol>,
  seconds: number,
  signal: AbortSignal,
): Promise<void> {
  const timeout = deadline(seconds);
  try {
    await session.online(AbortSignal.any([timeout, signal]));
  } catch (error) {
    signal.throwIfAborted();
    if (!timeout.aborted) throw error;
    throw (
      session.report.error ?? new ProtocolError('transport/timeout', 'the station does not answer')
    );
  }
}

function showState({ state, station, error, until }: SessionReport, output: Output): void {
  const where = station === undefined ? '' : ` ${station.host}:${station.port}`;
  const why = error === undefined ? '' : `: ${error.message} [${error.code}]`;
  const facts = {
    state,
    station:
      station === undefined
        ? undefined
        : { host: station.host, port: station.port, id: station.id?.text },
    code: error?.code,
    until: until === undefined ? undefined : until / 1000,
  };
  // The reason for the new attempt has been shown already.
  const again = error !== undefined && (state === 'connecting' || state === 'handshaking');
  output.event('connection', facts, again ? '' : `${state}${where}${why}`);
}
