import {
  ensureUser,
  Facebook,
  Messenger,
  type MessengerOptions,
  type RegisterOptions,
} from '@dimp/client';
import { type StationAddress, StationSession } from '@dimp/client/session';
import type { ContentsOf, KeysOf } from '@dimp/core';
import { createProtocol, type Protocol, type Store, type TransportFactory } from '@dimp/core';
import { type StandardExtension, standard } from '@dimp/extensions/standard';
import type { User } from '@dimp/mkm';

/** The protocol of the deployed network: everything that `standard()` brings. */
export type StandardProtocol = Protocol<KeysOf<StandardExtension>, ContentsOf<StandardExtension>>;

/** Options for `openClient` on every platform. */
export interface ClientOptions<P extends Protocol = Protocol> {
  /** Name of the user. If the store holds no user yet, one is registered with this name. */
  readonly name: string;
  /** Where to log in: `ws://host:port`, in Node also `tcp://` and `tls://`. Without it the client stays offline. */
  readonly station?: string | readonly string[];
  /** Where keys, contacts and messages are kept. The caller closes it. */
  readonly store?: Store;
  /** The plug-ins to use; `createProtocol(standard())` by default. */
  readonly protocol?: P;
  /** How a new user is registered: algorithm, kind of meta, more properties of the visa. */
  readonly register?: Omit<RegisterOptions<P>, 'facebook'>;
  /** More options of the messenger. */
  readonly messenger?: Omit<MessengerOptions<P>, 'facebook'>;
}

/** A user of this machine with everything that sends and receives for them. */
export interface Client<P extends Protocol = Protocol> {
  readonly user: User;
  readonly facebook: Facebook<P>;
  readonly messenger: Messenger<P>;
  /** Keeps the user logged in; undefined for a client without a station. */
  readonly session: StationSession<P> | undefined;
  /** Logs out, stops the messenger, and closes the store if `openClient` has opened it. Messages not yet sent stay in it. */
  close(): Promise<void>;
}

/** The parts that depend on the platform. */
export interface Platform {
  openStore(): Store | Promise<Store>;
  /** @throws `RangeError` for a scheme that the platform cannot speak */
  connect(url: URL): TransportFactory;
}

/** Opens a client of the standard protocol. */
export async function openStandardClient(
  options: ClientOptions<StandardProtocol>,
  platform: Platform,
): Promise<Client<StandardProtocol>> {
  return openClientWith(createProtocol(standard()), options, platform);
}

/** Opens a client: store, user, messenger, session. What was opened is closed if a later step fails. */
export async function openClientWith<P extends Protocol>(
  protocol: P,
  options: ClientOptions<P>,
  platform: Platform,
): Promise<Client<P>> {
  const stations = stationsOf(options.station, platform);
  const store = options.store ?? (await platform.openStore());
  const closeStore = async (): Promise<void> => {
    if (options.store === undefined) await store.close();
  };
  const facebook = new Facebook({ protocol, store });
  try {
    const user = await ensureUser(options.name, { ...options.register, facebook });
    const messenger = new Messenger<P>({ ...options.messenger, facebook });
    const session =
      stations.length === 0
        ? undefined
        : new StationSession<P>({ messenger, stations, user: user.id });
    const close = async (): Promise<void> => {
      await session?.stop();
      await messenger.close();
      await facebook.close();
      await closeStore();
    };
    try {
      await (session ?? messenger).start();
    } catch (error) {
      await messenger.close();
      throw error;
    }
    return { user, facebook, messenger, session, close };
  } catch (error) {
    await facebook.close();
    await closeStore();
    throw error;
  }
}

/** Default ports of `ws:` and `wss:`; other schemes have that of most stations (spec §12.1). */
const PORTS: Readonly<Record<string, number>> = { 'ws:': 80, 'wss:': 443 };
const STATION_PORT = 9394;

function stationsOf(
  station: string | readonly string[] = [],
  platform: Platform,
): readonly StationAddress[] {
  return (typeof station === 'string' ? [station] : station).map((text) => {
    const url = new URL(text);
    const port = url.port === '' ? (PORTS[url.protocol] ?? STATION_PORT) : Number(url.port);
    return { connect: platform.connect(url), host: hostOf(url), port };
  });
}

/** Host of a URL; an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}
