import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import type { Logger } from '@dimp/core';
import type { JsonObject } from '@dimp/foundation';
import { CommandFailure, failureOf } from '../terminal/failure.ts';
import { readLine, writeLine } from './lines.ts';
import { withSocketPath } from './socket-path.ts';

/** Executes an order. */
export type OrderHandler = (details: JsonObject) => Promise<JsonObject> | JsonObject;

/** Time that a client has to send its order. */
const ORDER_TIMEOUT_MS = 10_000;

/**
 * Executes orders from other processes, at a socket that only the owner of the data folder can open. An order is a line of
 * JSON, and so is the answer.
 */
export class ControlServer implements AsyncDisposable {
  readonly #path: string;
  readonly #server: Server;
  readonly #orders: Readonly<Record<string, OrderHandler>>;
  readonly #logger: Logger;
  readonly #sockets = new Set<Socket>();
  readonly #running = new Set<Promise<void>>();

  private constructor(
    path: string,
    orders: Readonly<Record<string, OrderHandler>>,
    logger: Logger,
  ) {
    this.#path = path;
    this.#orders = orders;
    this.#logger = logger;
    this.#server = createServer((socket) => this.#connected(socket));
  }

  /**
   * Opens the socket. Replaces one that a killed station has left behind: the caller has locked the store, so no other
   * station is running.
   */
  static async open(
    path: string,
    orders: Readonly<Record<string, OrderHandler>>,
    logger: Logger,
  ): Promise<ControlServer> {
    const server = new ControlServer(path, orders, logger);
    await rm(path, { force: true });
    await withSocketPath(path, (short) => listen(server.#server, short));
    // The permissions of the folder already exclude other users.
    await chmod(path, 0o600);
    return server;
  }

  /** Waits for running orders, and closes the socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await Promise.all(this.#running);
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    await rm(this.#path, { force: true });
  }

  #connected(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    const serving = this.#serve(socket).finally(() => this.#running.delete(serving));
    this.#running.add(serving);
  }

  async #serve(socket: Socket): Promise<void> {
    try {
      const request = await readLine(socket, ORDER_TIMEOUT_MS);
      const answer = await this.#answer(request).catch((error: unknown) => {
        const { code, message, exit } = failureOf(error);
        return { error: { code, message, exit } };
      });
      await writeLine(socket, answer);
    } catch {
      // The client has disconnected.
    } finally {
      socket.destroy();
    }
  }

  async #answer({ order, ...details }: JsonObject): Promise<JsonObject> {
    const handler =
      typeof order === 'string' && Object.hasOwn(this.#orders, order)
        ? this.#orders[order]
        : undefined;
    if (handler === undefined) {
      throw new CommandFailure('usage', 'the running station does not know this order');
    }
    this.#logger.debug('control.order', { order: String(order) });
    return { result: await handler(details) };
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      server.on('error', () => {});
      resolve();
    });
  });
}
