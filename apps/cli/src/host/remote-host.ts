import { connect, type Socket } from 'node:net';
import type { DimClient } from '@dimp/chat/client';
import type { Channel } from '@dimp/chat/port';
import type { Timers } from '@dimp/core';
import { isProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { protocol } from '../account/protocol.ts';
import { People } from '../people/people.ts';
import type { Context } from '../terminal/context.ts';
import { isSystemError } from '../terminal/failure.ts';
import { programVersion } from '../version.ts';
import { Caller } from './calls.ts';
import { ask, type Service } from './handshake.ts';
import type { Host, Messaging, MessagingOptions } from './host.ts';
import { findMeetingPlace, type MeetingPlace, withAddress } from './meeting-place.ts';
import type { HostEvent } from './messaging-calls.ts';
import { RemoteMessaging } from './remote-messaging.ts';
import { RemoteProfile } from './remote-profile.ts';
import { SharedFate } from './shared-fate.ts';
import { socketStream } from './socket-stream.ts';

/** Errors of the system for a socket of a process that has ended. */
const NOBODY_THERE: readonly (string | undefined)[] = [
  'ENOENT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
];

/** The process that has a profile open, as it is reached. */
export interface HostProcess {
  /** ID of the process. */
  readonly pid: number;
  /**
   * Connects to it.
   *
   * @throws an error for which {@link isGone} is true if the process has ended
   */
  connect(service: Service): Promise<Channel>;
}

/** A profile that another process of the user has open. */
export class RemoteHost implements Host {
  readonly name: string;
  readonly user: ID;
  readonly people: People;
  readonly profile: RemoteProfile;
  readonly pid: number;
  readonly #process: HostProcess;
  readonly #caller: Caller;
  readonly #fate: SharedFate;
  readonly #events: Listeners;
  #client: DimClient | undefined;

  /**
   * Connects to the process that has a profile open.
   *
   * @returns undefined if no process serves it
   * @throws `unsupported/version` if it is of another version
   */
  static async find(
    folder: string,
    { options }: Pick<Context, 'options'>,
  ): Promise<RemoteHost | undefined> {
    const place = await findMeetingPlace(folder);
    if (place === undefined) return undefined;
    return RemoteHost.of(options.profile ?? 'default', {
      pid: place.pid,
      connect: (service) => connectTo(place, service),
    });
  }

  /**
   * Connects to a process.
   *
   * @param name - of the profile
   * @returns undefined if it has ended
   */
  static async of(name: string, process: HostProcess): Promise<RemoteHost | undefined> {
    const fate = new SharedFate();
    try {
      const channel = fate.add(await process.connect('profile'));
      const events = new Listeners();
      const caller = new Caller(
        channel,
        (event) => events.emit(event as HostEvent),
        () => {},
      );
      const profile = new RemoteProfile(caller);
      const user = protocol.parseID(await profile.user());
      return new RemoteHost(name, { process, caller, fate, events, profile, user });
    } catch (error) {
      fate.close();
      // It ends at this moment, or another process has taken its place.
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  private constructor(
    name: string,
    parts: {
      readonly process: HostProcess;
      readonly caller: Caller;
      readonly fate: SharedFate;
      readonly events: Listeners;
      readonly profile: RemoteProfile;
      readonly user: ID;
    },
  ) {
    this.name = name;
    this.#process = parts.process;
    this.#caller = parts.caller;
    this.#fate = parts.fate;
    this.#events = parts.events;
    this.pid = parts.process.pid;
    this.user = parts.user;
    this.profile = parts.profile;
    this.people = new People(this.profile, this.user);
    parts.events.add(({ type }) => {
      if (type === 'contacts') this.profile.contactsChanged();
    });
  }

  get lost(): AbortSignal {
    return this.#fate.lost;
  }

  async messaging({ online, onEvent }: MessagingOptions): Promise<Messaging> {
    const channel = this.#fate.add(await this.#connect());
    // Loaded here, because most commands need no messenger.
    const { connectClient } = await import('@dimp/chat/port');
    const client = connectClient(channel, { timers: patientTimers });
    this.#client = client;
    this.#events.add(onEvent);
    const calls = new RemoteMessaging(this.#caller);
    if (online) onEvent({ type: 'connection', report: await calls.connection() });
    return { client, calls };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#fate.close();
    await this.#client?.close();
  }

  async #connect(): Promise<Channel> {
    try {
      return await this.#process.connect('client');
    } catch (error) {
      // The other channel learns of it later.
      if (isGone(error)) this.#fate.lose(error);
      throw error;
    }
  }
}

/** Whether an attempt to connect has failed because the process has ended, or another one has taken its place. */
function isGone(error: unknown): boolean {
  if (isProtocolError(error)) return error.code === 'transport/closed';
  return isSystemError(error) && NOBODY_THERE.includes(error.code);
}

/** Timers that do not keep the program running: live values of a client are released some seconds after their last use. */
const patientTimers: Timers = {
  after(delay, task) {
    const timer = setTimeout(() => void task(), delay).unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

/** Those who want to know what happens. */
class Listeners {
  readonly #all = new Set<(event: HostEvent) => void>();

  add(listener: (event: HostEvent) => void): void {
    this.#all.add(listener);
  }

  emit(event: HostEvent): void {
    for (const listener of this.#all) listener(event);
  }
}

async function connectTo(place: MeetingPlace, service: Service): Promise<Channel> {
  const socket = await withAddress(place, open);
  try {
    await ask(socket, service, { secret: place.secret, version: programVersion() });
    const { streamChannel } = await import('@dimp/chat/port');
    return streamChannel(socketStream(socket));
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function open(address: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      // Errors after this come with the end of the connection.
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}
