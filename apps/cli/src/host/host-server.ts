import { createServer, type Server, type Socket } from 'node:net';
import { type Channel, streamChannel } from '@dimp/chat/port';
import { isProtocolError } from '@dimp/foundation';
import { greet, type Service, type Terms } from './handshake.ts';
import {
  announce,
  type MeetingPlace,
  newMeetingPlace,
  protectSocket,
  withAddress,
  withdraw,
} from './meeting-place.ts';
import { socketStream } from './socket-stream.ts';

/** Options for {@link HostServer.open}. */
export interface HostServerOptions {
  /** Folder of the profile, which this process has open. */
  readonly folder: string;
  /** Version of the program. */
  readonly version: string;
  /** Serves a connection. Returns a function that ends it. */
  readonly serve: (service: Service, channel: Channel) => () => void;
  /** Called when another program could not be served, with the code of the error. */
  readonly onRefused: (code: string) => void;
}

/** Most connections at a time. */
const MAX_CONNECTIONS = 256;

/**
 * Serves a profile to other processes of the same user, at a socket in its folder or at a named pipe. The store of the profile is
 * locked by this process, so a socket that is there was left behind by one that was killed.
 */
export class HostServer implements AsyncDisposable {
  readonly #options: HostServerOptions;
  readonly #terms: Terms;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #endings = new Set<() => void>();
  #isClosing = false;

  static async open(options: HostServerOptions): Promise<HostServer> {
    const place = newMeetingPlace(options.folder);
    const server = new HostServer(options, place);
    await withdraw(options.folder);
    await withAddress(place, (address) => listen(server.#server, address));
    try {
      await protectSocket(place);
      await announce(options.folder, place);
      return server;
    } catch (error) {
      // A server that listens would keep the process running.
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(options: HostServerOptions, { secret }: MeetingPlace) {
    this.#options = options;
    this.#terms = { secret, version: options.version };
    this.#server = createServer((socket) => void this.#connected(socket));
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** Closes all connections: the other processes open the profile themselves then. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    await withdraw(this.#options.folder).catch(() => undefined);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const end of this.#endings) end();
    // What was written before must reach the others. One that does not read must not keep this process.
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, 500);
    await closed;
    clearTimeout(timer);
  }

  async #connected(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    try {
      const service = await greet(socket, this.#terms);
      // What it would ask for is being closed.
      if (this.#isClosing) {
        socket.destroySoon();
        return;
      }
      const end = this.#options.serve(service, streamChannel(socketStream(socket)));
      this.#endings.add(end);
      socket.on('close', () => this.#endings.delete(end));
    } catch (error) {
      // One that does not close its side must not keep the place of another.
      socket.destroySoon();
      this.#options.onRefused(isProtocolError(error) ? error.code : 'internal');
    }
  }
}

async function listen(server: Server, address: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.off('error', reject);
      server.on('error', () => {});
      resolve();
    });
  });
}
