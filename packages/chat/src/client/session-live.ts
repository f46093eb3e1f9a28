import type { Messenger } from '@dimp/client';
import type { SessionReport, StationSession } from '@dimp/client/session';
import { definedOnly, disposeSymbol } from '@dimp/foundation';
import type { Live } from '../live/live.ts';
import { LiveValue } from '../live/live-value.ts';
import type { SessionState } from './dim-client.ts';
import type { DirectNetwork } from './options.ts';

/** How long changes of messages are gathered before they are counted again. */
const COUNT_MS = 100;

/** What the state of a session is made of. */
export interface SessionParts {
  readonly messenger: Messenger;
  readonly session: StationSession | undefined;
  readonly network: DirectNetwork | undefined;
  readonly onFailure: (error: unknown) => void;
}

/** Makes the live state of the connection, with the number of messages that are not at a station. */
export function sessionLive({
  messenger,
  session,
  network,
  onFailure,
}: SessionParts): Live<SessionState> {
  return new LiveValue<SessionState>({
    load: async () => {
      const waiting = await countWaiting(messenger);
      if (network !== undefined) return { state: network.online ? 'online' : 'offline', waiting };
      return { ...stateOf(session?.report ?? { state: 'offline' }), waiting };
    },
    watch: (changed) => {
      let counting: Disposable | undefined;
      const count = (): void => {
        counting ??= messenger.timers.after(COUNT_MS, () => {
          counting = undefined;
          changed();
        });
      };
      const handles = [
        messenger.on('delivery', count),
        session?.on('state', changed),
        network?.onChange(changed),
      ];
      return () => {
        counting?.[disposeSymbol]();
        for (const each of handles) each?.close();
      };
    },
    timers: messenger.timers,
    onFailure,
  });
}

async function countWaiting(messenger: Messenger): Promise<number> {
  const deliveries = await messenger.deliveries();
  return deliveries.filter(({ report: { state } }) => ['waiting', 'queued', 'sent'].includes(state))
    .length;
}

/** The state of a session as the user sees it. */
function stateOf({ state, station, error, until }: SessionReport): Omit<SessionState, 'waiting'> {
  const shown = {
    offline: 'offline',
    connecting: 'connecting',
    handshaking: 'connecting',
    online: 'online',
    waiting: 'offline',
    stopped: 'offline',
  } as const;
  return {
    state: shown[state],
    ...definedOnly({
      station: station === undefined ? undefined : addressOf(station),
      error: error?.code,
      nextAttempt: until,
    }),
  };
}

function addressOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
