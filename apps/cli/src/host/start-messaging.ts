import { join } from 'node:path';
import { type ClientParts, type DimClient, type LocalClient, openClient } from '@dimp/chat/client';
import { serveClient } from '@dimp/chat/port';
import { messageSearch } from '@dimp/chat/search';
import { isProtocolError } from '@dimp/foundation';
import type { Profile } from '../account/profile.ts';
import { EXTENSIONS, protocol } from '../account/protocol.ts';
import { addressOf, filesOf, type StationPlace, stationsFor } from '../account/stations.ts';
import { Downloads } from '../files/downloads.ts';
import { fileLocation, sendFileMessage } from '../files/file-messages.ts';
import { FileSender } from '../files/file-sender.ts';
import { fileServer } from '../files/servers.ts';
import { FileSpool } from '../files/spool.ts';
import { WaitingFiles } from '../files/waiting-files.ts';
import type { Context } from '../terminal/context.ts';
import { CommandFailure } from '../terminal/failure.ts';
import { programVersion } from '../version.ts';
import { serveCalls } from './calls.ts';
import type { Messaging, MessagingOptions } from './host.ts';
import { HostServer } from './host-server.ts';
import { importOldHistory, importUnshown } from './import-history.ts';
import { IncomingHub } from './incoming-hub.ts';
import { LocalMessaging } from './local-messaging.ts';
import { type HostEvent, MESSAGING_CALLS } from './messaging-calls.ts';
import { PROFILE_CALLS } from './profile-calls.ts';
import { IDENTITY_TIMEOUT, receiverVisas } from './receiver-visas.ts';
import type { StoredProfile } from './stored-profile.ts';

/** A messenger that was started. */
export interface StartedMessaging extends Messaging, AsyncDisposable {}

/** Name of the program in the login (spec §9.7). */
const AGENT = 'dim (command line)';

/**
 * Starts the messenger of a profile, and serves both to other processes of the user if it is to be online.
 *
 * @throws `no-station` if it is to be online and has no station
 */
export async function startMessaging(
  profile: Profile,
  stored: StoredProfile,
  options: MessagingOptions,
  context: Context,
): Promise<StartedMessaging> {
  const stations = options.online ? await stationsFor(profile.store, context) : [];
  // Its facebook takes the place of that of the profile: two would not see each other's changes.
  const client = await openClient({
    store: profile.store,
    extensions: EXTENSIONS,
    stations: stations.map(addressOf),
    session: { agent: AGENT },
    chats: { search: messageSearch() },
  });
  try {
    return await startWith(client, stations, profile, stored, options);
  } catch (error) {
    await client.close();
    throw error;
  }
}

async function startWith(
  client: LocalClient,
  stations: readonly StationPlace[],
  profile: Profile,
  stored: StoredProfile,
  { online, onEvent }: MessagingOptions,
): Promise<StartedMessaging> {
  const { parts } = client;
  if (parts === undefined) throw new CommandFailure('internal', 'the client is locked');
  stored.use(parts.facebook);
  await importOldHistory(profile.store, parts.user.id.text, parts.chats);
  const events = new EventList();
  events.add(onEvent);
  const emit = (event: HostEvent): void => events.emit(event);
  const onFailure = (error: unknown): void => {
    emit({ type: 'problem', code: isProtocolError(error) ? error.code : 'internal' });
  };
  const spool = new FileSpool(join(profile.folder, 'files'));
  const waiting = new WaitingFiles(profile.store);
  if (online) await sweep(spool, waiting).catch(onFailure);
  const incoming = new IncomingHub((signal) => client.chats.incoming({ signal }));
  const files = fileSender({ client, parts, stations, spool, waiting, emit, onFailure });
  const calls = new LocalMessaging({
    messenger: parts.messenger,
    session: parts.session,
    stations,
    files,
    waiting,
    downloads: new Downloads(spool),
    incoming,
    contentOf: (conversation, ref) => fileLocation(conversation, ref, client.chats),
  });
  calls.report(emit);
  stored.onContacts(() => emit({ type: 'contacts' }));
  if (online) emit({ type: 'connection', report: await calls.connection() });
  const ending = new AbortController();
  const importing = importUnshown(parts.messenger, parts.chats, ending.signal).catch(onFailure);
  const server = online
    ? await serve({ profile, stored, client, calls, events, incoming })
    : undefined;
  parts.session?.on('state', () => files.wake());
  files.wake();
  return {
    client,
    calls,
    async [Symbol.asyncDispose]() {
      await server?.[Symbol.asyncDispose]();
      ending.abort();
      await importing;
      await files.close();
      await incoming.close();
      await client.close();
    },
  };
}

/** Removes files of the spool that neither an upload nor a download needs any more. */
async function sweep(spool: FileSpool, waiting: WaitingFiles): Promise<void> {
  const wanted = new Set((await waiting.all()).map(({ name }) => name));
  await spool.sweep((name) => wanted.has(name));
}

interface SenderParts {
  readonly client: DimClient;
  readonly parts: ClientParts;
  readonly stations: readonly StationPlace[];
  readonly spool: FileSpool;
  readonly waiting: WaitingFiles;
  readonly emit: (event: HostEvent) => void;
  readonly onFailure: (error: unknown) => void;
}

function fileSender({
  client,
  parts,
  stations,
  spool,
  waiting,
  emit,
  onFailure,
}: SenderParts): FileSender {
  const { session, messenger, facebook } = parts;
  return new FileSender({
    spool,
    waiting,
    facebook,
    onFailure,
    server: ({ server, token }) =>
      fileServer({
        url: server ?? filesOf(currentStation(stations, session)),
        ...(token === undefined ? {} : { token }),
      }),
    isOnline: () => session?.report.state === 'online',
    visas: (id) => receiverVisas(id, messenger, IDENTITY_TIMEOUT),
    send: (file) => sendFileMessage(file, client.chats),
    onReport: (report) => emit({ type: 'file', report }),
    readID: (text) => protocol.parseID(text),
  });
}

interface ServedParts {
  readonly profile: Profile;
  readonly stored: StoredProfile;
  readonly client: DimClient;
  readonly calls: LocalMessaging;
  readonly events: EventList;
  readonly incoming: IncomingHub;
}

/** Serves a profile and its messenger to other processes of the user. */
function serve({
  profile,
  stored,
  client,
  calls,
  events,
  incoming,
}: ServedParts): Promise<HostServer> {
  return HostServer.open({
    folder: profile.folder,
    version: programVersion(),
    onRefused: (code) => events.emit({ type: 'problem', code }),
    serve: (service, channel) => {
      if (service === 'client') {
        const port = serveClient(client, channel, { parseID: (text) => protocol.parseID(text) });
        return () => port.close();
      }
      const readers = new Set<number>();
      const post = serveCalls(channel, methodsOf(stored, calls, readers), () => {
        events.remove(post);
        for (const each of readers) void incoming.leave(each, false);
      });
      events.add(post);
      return () => {
        events.remove(post);
        channel.close();
      };
    },
  });
}

type Method = (...args: never[]) => Promise<unknown>;

/** The methods that another process may call. @param readers - filled with the readers that it begins */
function methodsOf(
  stored: StoredProfile,
  calls: LocalMessaging,
  readers: Set<number>,
): ReadonlyMap<string, Method> {
  const methods = new Map<string, Method>();
  for (const name of PROFILE_CALLS) methods.set(name, stored[name].bind(stored) as Method);
  for (const name of MESSAGING_CALLS) methods.set(name, calls[name].bind(calls) as Method);
  methods.set('join', async () => {
    const reader = await calls.join();
    readers.add(reader);
    return reader;
  });
  return methods;
}

/** Those who want to know what happens: this command, and other processes. */
class EventList {
  readonly #listeners = new Set<(event: HostEvent) => void>();

  add(listener: (event: HostEvent) => void): void {
    this.#listeners.add(listener);
  }

  remove(listener: (event: HostEvent) => void): void {
    this.#listeners.delete(listener);
  }

  emit(event: HostEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

/** The connected station, or the first one while offline. */
function currentStation(
  stations: readonly StationPlace[],
  session: { readonly report: { readonly station?: { host: string; port: number } } } | undefined,
): StationPlace {
  const now = session?.report.station;
  const station = stations.find(({ host, port }) => host === now?.host && port === now.port);
  const [first] = stations;
  if (station !== undefined) return station;
  if (first !== undefined) return first;
  throw new CommandFailure(
    'no-station',
    'no station is set: dim station add HOST:PORT, or --station',
  );
}
