import { connect, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** The two sockets of a proxied connection. */
interface Pair {
  readonly client: Socket;
  readonly station: Socket;
}

/** A TCP proxy between a client and a station, which can cut or silence connections. */
export class NetworkProxy {
  /** Port of the station, used for new connections. */
  target: number;
  /** Number of connections so far. */
  connections = 0;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.target = target;
    server.on('connection', (client) => this.#join(client));
  }

  /** Opens a proxy on the loopback address. It is closed when the test is over. */
  static async open(target: number): Promise<NetworkProxy> {
    // Half-open: one side may close while the other still sends.
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const proxy = new NetworkProxy(server, target);
    onTestFinished(() => {
      proxy.cut();
      server.close();
    });
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' ? (address?.port ?? 0) : 0;
  }

  /** Resets all connections. Both sides notice. */
  cut(): void {
    for (const { client, station } of this.#pairs) {
      client.resetAndDestroy();
      station.resetAndDestroy();
    }
    this.#pairs.clear();
  }

  /** Drops all further data of the current connections. Neither side notices. */
  silence(): void {
    for (const { client, station } of this.#pairs) {
      for (const socket of [client, station]) {
        socket.unpipe();
        socket.removeAllListeners('end');
        socket.removeAllListeners('close');
        socket.resume();
      }
    }
  }

  #join(client: Socket): void {
    this.connections += 1;
    const station = connect({ host: '127.0.0.1', port: this.target, allowHalfOpen: true });
    const pair = { client, station };
    this.#pairs.add(pair);
    const over = (): void => {
      client.destroy();
      station.destroy();
      this.#pairs.delete(pair);
    };
    for (const socket of [client, station]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', over);
    }
    client.pipe(station);
    station.pipe(client);
  }
}
