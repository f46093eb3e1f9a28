import { Messenger, register } from '@dimp/client';
import { StationSession } from '@dimp/client/session';
import {
  createProtocol,
  type Protocol,
  type Store,
  systemClock,
  systemTimers,
  type Timers,
  waiting,
} from '@dimp/core';
import type { Facebook } from '@dimp/endpoint';
import {
  definedOnly,
  type Handle,
  isProtocolError,
  ProtocolError,
  showError,
} from '@dimp/foundation';
import { documentName, type ID, sameEntity, type User } from '@dimp/mkm';
import { ContactBook } from '../contacts/contact-book.ts';
import { LinkService } from '../contacts/link-service.ts';
import { LinkTokens } from '../contacts/link-tokens.ts';
import { LinkedFacebook } from '../contacts/linked-facebook.ts';
import { Chats } from '../conversations/chats.ts';
import { fingerprint } from '../links/fingerprint.ts';
import type { LinkStation } from '../links/link.ts';
import { LiveValue } from '../live/live-value.ts';
import { messageSearch } from '../search/history/message-search.ts';
import { blockList } from './block-list.ts';
import type { DimClient, Me } from './dim-client.ts';
import type { NewUser, OpenClientOptions } from './options.ts';
import { Problems } from './problems.ts';
import { sessionLive } from './session-live.ts';
import { storageLive } from './storage-live.ts';

/** The parts of a client, for what its interface does not offer. They must not be closed by themselves. */
export interface ClientParts {
  readonly user: User;
  readonly facebook: Facebook;
  readonly messenger: Messenger;
  readonly chats: Chats;
  /** Absent without stations. */
  readonly session?: StationSession;
}

/** A client over an open store. */
export type Engine = Omit<DimClient, 'lock' | 'unlock'> & { readonly parts: ClientParts };

/** Makes the protocol of a client. */
export function protocolOf({ extensions }: Pick<OpenClientOptions, 'extensions'>): Protocol {
  return createProtocol(...extensions);
}

/**
 * Puts the parts of a client together and starts them. What was started is stopped again if a later step fails.
 *
 * @throws `identity/not-found` if there is no user, and none is named; the codes of `register`; `store/` codes
 */
export async function startEngine(
  protocol: Protocol,
  store: Store,
  options: OpenClientOptions,
): Promise<Engine> {
  const { clock = systemClock, timers = systemTimers, random, network } = options;
  const problems = new Problems(clock, timers);
  const facebook = new LinkedFacebook({ protocol, store, clock }, ({ text }) =>
    problems.note({
      code: 'identity/meta-mismatch',
      message: 'a key arrived that is not the one of the link of this contact',
      id: text,
    }),
  );
  const closing: (() => Promise<void> | void)[] = [() => facebook.close()];
  const close = async (): Promise<void> => {
    const failures: unknown[] = [];
    // What cannot be closed must not keep the rest open.
    for (const each of closing.splice(0).reverse()) {
      try {
        await each();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  };
  try {
    const user = await findUser(facebook, options.user);
    const time = { timers, ...definedOnly({ random }) };
    const search = messageSearch();
    const chats = new Chats({ search, ...options.chats, facebook, user: user.id, ...time });
    const tokens = new LinkTokens(store, clock, user.id.entity);
    const accept = async (guest: ID): Promise<void> => {
      await messenger.accept(guest, { user: user.id });
      await blocking.accept(guest);
    };
    const links = new LinkService({ store, clock, user: user.id, tokens, accept });
    const messenger = new Messenger({
      ...options.messenger,
      facebook,
      ...time,
      services: [links, chats, ...(options.services ?? [])],
      ...(network === undefined ? {} : { sendPackage: network.send }),
    });
    closing.push(() => messenger.close());
    const onFailure = (error: unknown): void => problems.noteError(error);
    messenger.on('failed', ({ error }) => onFailure(error));
    chats.on('failed', ({ error }) => onFailure(error));
    facebook.events.on('metaConflict', ({ id }) =>
      problems.note({
        code: 'identity/meta-mismatch',
        message: 'a second key arrived for this person; compare the safety number again',
        id: id.text,
      }),
    );
    const session = makeSession(messenger, user.id, options);
    if (session !== undefined) {
      closing.push(() => session.stop());
      session.on('state', ({ state, error }) => {
        if (error?.code === 'transport/clock') {
          problems.note({ code: error.code, message: 'the clock of this device is wrong' });
        } else if (state === 'online') problems.end('transport/clock');
      });
    }
    const blocking = blockList(chats, store, user.id);
    const contacts = new ContactBook({
      facebook,
      user: user.id,
      tokens,
      blocking,
      station: () => stationOf(session, options),
      ask: (id) => {
        for (const what of ['meta', 'visa'] as const) ask(messenger, what, id);
      },
      timers,
      onFailure,
    });
    const me = meLive(facebook, user, timers, onFailure);
    const sessionState = sessionLive({ messenger, session, network, onFailure });
    const storage = storageLive(options.storage, timers);
    closing.push(() =>
      Promise.all(
        [me, sessionState, storage, problems.live, contacts.list].map((each) => each.close()),
      ).then(() => undefined),
    );
    await (session ?? messenger).start();
    if (network !== undefined) closing.push(...joinNetwork(network, messenger));
    return {
      me,
      session: sessionState,
      chats,
      contacts,
      storage,
      problems: problems.live,
      close,
      parts: { user, facebook, messenger, chats, ...definedOnly({ session }) },
    };
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
}

async function findUser(facebook: Facebook, named: string | NewUser | undefined): Promise<User> {
  const known = await facebook.currentUser();
  if (known !== undefined) return known;
  if (named === undefined) {
    throw new ProtocolError('identity/not-found', 'this machine has no user yet');
  }
  const { name, ...options } = typeof named === 'string' ? { name: named } : named;
  return facebook.ensureUser(() => register(name, { ...options, facebook }));
}

function makeSession(
  messenger: Messenger,
  user: ID,
  { stations = [], session, network }: OpenClientOptions,
): StationSession | undefined {
  if (stations.length === 0 || network !== undefined) return undefined;
  return new StationSession({ ...session, messenger, stations, user });
}

/** The station that links name: the one of the session, else the first. */
function stationOf(
  session: StationSession | undefined,
  { stations = [] }: OpenClientOptions,
): LinkStation | undefined {
  const [first] = stations;
  const station = session?.report.station ?? first;
  return station === undefined ? undefined : { host: station.host, port: station.port };
}

function ask(messenger: Messenger, what: 'meta' | 'visa', id: ID): void {
  messenger.ask(waiting(what, id)).catch((error: unknown) => {
    if (!isProtocolError(error)) showError('a question to the network has failed:', error);
  });
}

function meLive(
  facebook: Facebook,
  user: User,
  timers: Timers,
  onFailure: (error: unknown) => void,
): LiveValue<Me> {
  return new LiveValue<Me>({
    load: async () => {
      const [meta, visa] = [await user.meta(), await user.visa()];
      if (meta === undefined) {
        throw new ProtocolError('store/corrupt', 'the key of the user is missing');
      }
      const name = (visa && documentName(visa)) || (user.id.name ?? user.id.text);
      const print = fingerprint({ id: user.id, key: meta.key });
      return { id: user.id.text, name, fingerprint: print, locked: false };
    },
    watch: (changed) => {
      const handles: readonly Handle[] = [
        facebook.events.on('documentSaved', ({ id }) => {
          if (sameEntity(id, user.id)) changed();
        }),
        facebook.events.on('usersChanged', changed),
      ];
      return () => {
        for (const each of handles) each.close();
      };
    },
    timers,
    onFailure,
  });
}

/** @returns what leaves the network again */
function joinNetwork(
  network: NonNullable<OpenClientOptions['network']>,
  messenger: Messenger,
): readonly (() => void)[] {
  const joined = network.join((bytes) => messenger.receivedPackage(bytes));
  const changes = network.onChange(() => {
    if (network.online) messenger.resume();
  });
  return [() => joined.close(), () => changes.close()];
}
