import {
  type Clock,
  DEFAULT_PAYLOAD_LIMITS,
  type Logger,
  type Random,
  sleep,
  type Timers,
  type Transport,
  type TransportFactory,
} from '@dimp/core';
import { backOff } from '@dimp/endpoint';
import { disposeSymbol, isProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';

/** Options for {@link Dialler}. */
export interface DiallerOptions {
  readonly station: ID;
  readonly connect: TransportFactory;
  /** Logs in over a connection and serves it until it ends. */
  readonly join: (transport: Transport) => Promise<void>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** Duration after which a connection resets the back-off. */
const GOOD_CONNECTION_MS = 30_000;
/** Timeout for connecting. */
const CONNECT_TIMEOUT_MS = 30_000;

/** Keeps a connection to a neighbour open, and dials again with a back-off when it is lost. */
export class Dialler {
  readonly #options: DiallerOptions;
  readonly #end = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: DiallerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Closes the connection, or stops dialling. */
  async stop(): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, random, logger, station, timers } = this.#options;
    let failures = 0;
    while (!this.#end.signal.aborted) {
      const began = clock.now();
      try {
        await this.#connect();
        logger.info('neighbour.left', { station: station.text });
      } catch (error) {
        const code = isProtocolError(error) ? error.code : 'unknown';
        logger.warn('neighbour.unreachable', { station: station.text, code });
      }
      failures = clock.now() - began >= GOOD_CONNECTION_MS ? 1 : failures + 1;
      if (this.#end.signal.aborted) return;
      const { signal } = this.#end;
      await sleep(backOff(failures, random), timers, signal).catch(() => undefined);
    }
  }

  async #connect(): Promise<void> {
    const { connect, join, timers } = this.#options;
    const giveUp = new AbortController();
    const timer = timers.after(CONNECT_TIMEOUT_MS, () => giveUp.abort());
    const stop = (): void => giveUp.abort();
    const { signal } = this.#end;
    signal.addEventListener('abort', stop, { once: true });
    try {
      const maxPayloadBytes = DEFAULT_PAYLOAD_LIMITS.maxLength;
      const transport = await connect({ signal: giveUp.signal, maxPayloadBytes });
      timer[disposeSymbol]();
      const close = (): void => void transport.close().catch(() => undefined);
      if (signal.aborted) close();
      signal.addEventListener('abort', close, { once: true });
      await join(transport).finally(() => signal.removeEventListener('abort', close));
    } finally {
      timer[disposeSymbol]();
      signal.removeEventListener('abort', stop);
    }
  }
}
