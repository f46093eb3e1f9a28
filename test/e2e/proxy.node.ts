import { connect, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Two sockets that bytes go between. */
interface Pair {
  readonly client: Socket;
  readonly station: Socket;
}

/** The network between a client and a station, and what may happen to it. */
export class NetworkProxy {
  /** Port of the station; connections from now on go there. */
  target: number;
  /** Connections that were made so far. */
  connections = 0;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.target = target;
    server.on('connection', (client) => this.#join(client));
  }

  /** Opens one on loopback; it is closed with the test. */
  static async open(target: number): Promise<NetworkProxy> {
    // A side that has closed may still be sent to.
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

  /** Breaks all connections, as a cable does: both sides are told. */
  cut(): void {
    for (const { client, station } of this.#pairs) {
      client.resetAndDestroy();
      station.resetAndDestroy();
    }
    this.#pairs.clear();
  }

  /** Lets all connections die without a word: what either side says is lost, and neither learns of it. */
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
