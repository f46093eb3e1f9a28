import type { Arrival, Logger, Transport } from '@dimp/core';
import type { RemoteAddress } from '@dimp/core/transport';
import { isProtocolError, ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { Neighbours } from './federation/neighbours.ts';
import type { Ingress } from './ingress/ingress.ts';
import { logInAt, type NeighbourLoginOptions } from './session/neighbour-login.ts';
import type { Session } from './session/session.ts';
import type { Sessions } from './session/sessions.ts';

/** Options for {@link Connections}. */
export interface ConnectionsOptions {
  readonly sessions: Sessions;
  readonly ingress: Ingress;
  readonly neighbours: Neighbours | undefined;
  /** How this station logs in at a neighbour. */
  readonly login: NeighbourLoginOptions;
  readonly logger: Logger;
}

/** The remote address of connections that this station has dialled: limits of addresses do not apply to them. */
const DIALLED: RemoteAddress = /* @__PURE__ */ Object.freeze({
  address: '',
  port: 0,
  secure: false,
});

/** Serves connections from the first arrival to the last. */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #served = new Set<Promise<void>>();
  /** Connections to neighbours, those that are still logging in included. */
  readonly #dialled = new Set<Transport>();
  #stopped = false;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** Serves an incoming connection until it ends. Never throws. */
  accept(transport: Transport, remote: RemoteAddress): Promise<void> {
    return this.#tracked(this.#serve(transport, remote));
  }

  /**
   * Logs in at a neighbour and serves the connection until it ends.
   *
   * @throws `policy/unauthorized` if another station answers; `state/stopped`; `transport/` codes if the login fails
   */
  join(transport: Transport, neighbour: ID): Promise<void> {
    return this.#tracked(this.#join(transport, neighbour));
  }

  /** Accepts nothing more. */
  stop(): void {
    this.#stopped = true;
  }

  /** Ends the connections to neighbours and waits for all that are being served. */
  async ended(): Promise<void> {
    for (const transport of this.#dialled) transport.close().catch(() => {});
    await Promise.allSettled(this.#served);
  }

  #tracked(serving: Promise<void>): Promise<void> {
    this.#served.add(serving);
    return serving.finally(() => this.#served.delete(serving));
  }

  async #join(transport: Transport, neighbour: ID): Promise<void> {
    this.#dialled.add(transport);
    try {
      if (this.#stopped) throw stopped();
      const joined = await logInAt(transport, neighbour, this.#options.login);
      await this.#serve(joined, DIALLED, neighbour);
    } finally {
      this.#dialled.delete(transport);
      transport.close().catch(() => {});
    }
  }

  async #serve(transport: Transport, remote: RemoteAddress, neighbour?: ID): Promise<void> {
    const { sessions, ingress, neighbours, logger } = this.#options;
    const session = sessions.open(transport, remote);
    if (this.#stopped) session.close();
    else if (neighbour !== undefined) ingress.login(session, neighbour);
    const incoming = transport.incoming[Symbol.asyncIterator]();
    try {
      // A loop over the arrivals would keep the last one in memory for as long as nothing else comes.
      while (await this.#receiveNext(session, incoming));
    } catch (error) {
      const code = isProtocolError(error) ? error.code : 'unknown';
      logger.debug('connection.lost', { session: session.id, code });
    } finally {
      sessions.drop(session);
      neighbours?.left?.(session.id);
    }
  }

  /** @returns whether more may come */
  async #receiveNext(session: Session, incoming: AsyncIterator<Arrival>): Promise<boolean> {
    const next = await incoming.next();
    if (next.done) return false;
    if (session.closed) {
      await incoming.return?.();
      return false;
    }
    await this.#options.ingress.receive(session, next.value);
    return true;
  }
}

function stopped(): ProtocolError<'state/stopped'> {
  return new ProtocolError('state/stopped', 'the station has been stopped');
}
