import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { finished } from 'node:stream/promises';

/** Most waiting requests of one connection. Current clients do not send several at once. */
const MAX_WAITING = 16;

/** Number of unanswered requests of one connection, and the promise of the last answer. */
interface Lane {
  waiting: number;
  last: Promise<void>;
}

/**
 * Handles the requests of a connection one after the other. Node emits pipelined requests (RFC 9112 §9.3.2) at once,
 * and a waiting response gets no event when its connection ends, so each would keep its file open.
 */
export class RequestTurns {
  readonly #lanes = new WeakMap<Socket, Lane>();

  /** @param handle - not called if the client has disconnected; if it throws, the connection is closed */
  take(request: IncomingMessage, response: ServerResponse, handle: () => Promise<void>): void {
    const { socket } = request;
    const lane = this.#lanes.get(socket) ?? { waiting: 0, last: Promise.resolve() };
    this.#lanes.set(socket, lane);
    if (lane.waiting > MAX_WAITING) return void socket.destroy();
    lane.waiting += 1;
    lane.last = lane.last.then(async () => {
      try {
        if (!socket.destroyed) await handle();
        if (!socket.destroyed) await finished(response);
      } catch {
        socket.destroy();
      }
      lane.waiting -= 1;
    });
  }
}
