import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { finished } from 'node:stream/promises';

/** Most requests of one connection that wait for the one before them. No client of today sends even two at once. */
const MAX_WAITING = 16;

/** Requests of one connection that are not answered yet, and when the last of them is. */
interface Lane {
  waiting: number;
  last: Promise<void>;
}

/**
 * Handles the requests of a connection one after the other. Node hands over all that a client sends at once (RFC 9112
 * §9.3.2), and tells a response behind others nothing of the end of its connection: each would hold an open file for good.
 */
export class RequestTurns {
  readonly #lanes = new WeakMap<Socket, Lane>();

  /** @param handle - not called if the client has gone before the turn comes; if it throws, the connection is closed */
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
