import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import {
  type Logger,
  silentLogger,
  sleep,
  systemTimers,
  type Timers,
  type Transport,
} from '@dimp/core';
import type { RemoteAddress } from '@dimp/core/transport';
import { Sweep } from '@dimp/core/transport';
import { isProtocolError } from '@dimp/foundation';
import { acceptTcp } from '@dimp/transport-tcp';
import { acceptLines } from '@dimp/transport-tcp/lines';
import { acceptWebSocket } from '@dimp/transport-websocket/server';
import type { RateLimiter } from '../../limits/rate-limiter.ts';
import type { HttpHandler } from '../http/http-handler.ts';
import { type HttpTimes, HttpUpgrade } from './http-upgrade.ts';
import { type DetectedConnection, ProtocolDetector } from './protocol-detector.ts';
import { TrustedProxies } from './trusted-proxies.ts';

/** Certificate and key of a listener, as PEM. */
export interface ListenerTls {
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
  /**
   * Whether connections without TLS are closed. They are accepted by default, because existing clients do not support
   * TLS.
   */
  readonly required?: boolean;
}

/** Time limits of a listener, in milliseconds. */
export interface ListenerTimes {
  /** From the start of a connection to its first bytes, including a TLS handshake; 10 seconds by default. */
  readonly opening?: number;
  /** Without a byte over a connection of MTP, WebSocket or lines; 128 seconds by default (spec §12.4). */
  readonly idle?: number;
  /** 10 seconds for headers, 30 minutes for a request and one minute without a byte by default. */
  readonly http?: Partial<HttpTimes>;
}

/** Options for {@link listen}. */
export interface ListenerOptions {
  /** 9394 by default (spec §12.1); 0 for any free port. */
  readonly port?: number;
  /** Address to listen on; all addresses of the machine by default. */
  readonly host?: string;
  /** The station, or another object that serves connections. */
  readonly station: {
    accept(transport: Transport, remote: RemoteAddress): Promise<void> | void;
  };
  /** Counts connections before anything is read from them. Use the rate limiter of the station. */
  readonly keeper: RateLimiter;
  /** Answers HTTP requests that are not upgrades to WebSocket. */
  readonly http: HttpHandler;
  readonly tls?: ListenerTls;
  /** Addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are trusted; none by default. */
  readonly trustedProxies?: readonly string[];
  readonly times?: ListenerTimes;
  readonly timers?: Timers;
  readonly logger?: Logger;
}

/** Options for {@link Listener.close}. */
export interface ListenerCloseOptions {
  /** Milliseconds after which connections that are still open are destroyed; 10,000 by default. */
  readonly patience?: number;
}

const PORT = 9394;
const BACKLOG = 1024;
const IDLE = 128_000;
const PATIENCE_MS = 10_000;
/** Interval at which a closing listener checks its connections. */
const LOOK_MS = 20;

/**
 * Opens a port for MTP, WebSocket, JSON lines and HTTP, each with and without TLS. The first bytes of a connection say
 * which (spec §12.1, §12.9). Mars framing (§12.5) is not supported.
 *
 * @throws `RangeError` for an invalid trusted proxy; the error of the system if the port is in use or the certificate
 *   is invalid
 *
 * @example
 * ```ts
 * const listener = await listen({ station, keeper, http });
 * await Promise.all([listener.close(), station.stop()]);
 * ```
 */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const listener = new Listener(options);
  await listener.listen(options.port ?? PORT, options.host);
  return listener;
}

/** An open port of a station. */
export class Listener implements AsyncDisposable {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #httpUpgrade: HttpUpgrade;
  readonly #sweep: Sweep;
  readonly #timers: Timers;
  readonly #logger: Logger;
  readonly #proxies: TrustedProxies;
  readonly #maxPayloadBytes: number;
  /** Open connections with their handles from the rate limiter. */
  readonly #sockets = new Map<Socket, Disposable | undefined>();
  readonly #detectors = new Set<ProtocolDetector>();
  readonly #onClose: (this: Socket) => void;
  #tls: SecureContext | undefined;
  #closing: Promise<void> | undefined;

  /** Use {@link listen}. */
  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#logger = options.logger ?? silentLogger;
    this.#sweep = new Sweep({ timers: this.#timers });
    this.#proxies = new TrustedProxies(options.trustedProxies);
    // A payload may contain several messages: two of the longest fit.
    this.#maxPayloadBytes = 2 * options.keeper.limits.messageBytes;
    if (options.tls !== undefined) this.setTls(options.tls);
    const times = { headers: 10_000, request: 1_800_000, idle: 60_000, ...options.times?.http };
    this.#httpUpgrade = new HttpUpgrade({
      maxPayloadBytes: this.#maxPayloadBytes,
      times,
      proxies: this.#proxies,
      http: options.http,
      admit: (address) => this.#admit(address),
      retryAfter: (address) => this.#retryAfter(address),
      onWebSocket: (socket, remote, connection) =>
        this.#serve(acceptWebSocket(socket, { ...this.#framed(), connection }), remote),
    });
    const left = (socket: Socket): void => this.#left(socket);
    // One function for all connections saves memory; `this` is the socket.
    this.#onClose = function () {
      left(this);
    };
    this.#server = createServer({ noDelay: true }, (socket) => this.#connected(socket));
  }

  /** The port that the listener listens on. */
  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  /** Number of open connections, including HTTP. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** For {@link listen} only. */
  listen(port: number, host: string | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      const where = host === undefined ? {} : { host };
      this.#server.listen({ port, backlog: BACKLOG, ...where }, () => {
        this.#server.off('error', reject);
        // For example too many open files: existing connections go on.
        this.#server.on('error', (error) => this.#report('gate.failed', error));
        resolve();
      });
    });
  }

  /**
   * Replaces the certificate for new connections.
   *
   * @throws the error of OpenSSL if certificate or key are invalid or do not match; the previous one stays in use
   */
  setTls({ cert, key }: Pick<ListenerTls, 'cert' | 'key'>): void {
    const [certificate, privateKey] = [Buffer.from(cert), Buffer.from(key)];
    this.#tls = createSecureContext({
      cert: certificate,
      key: privateKey,
      minVersion: 'TLSv1.2',
    });
  }

  /**
   * Accepts no more connections, and waits for the existing ones: requests are answered, and the station closes its own
   * connections. Call the station's `stop` at the same time.
   */
  close(options: ListenerCloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #connected(socket: Socket): void {
    // An error ends the connection, and its user gets the event `close`.
    socket.on('error', ignore);
    const { remoteAddress: address, remotePort: port = 0 } = socket;
    // The peer has already closed it.
    if (address === undefined || this.#closing !== undefined) return void socket.destroy();
    const isProxy = this.#proxies.includes(address);
    const counted = isProxy ? undefined : this.#admit(address);
    if (counted === undefined && !isProxy) return void socket.destroy();
    this.#sockets.set(socket, counted);
    socket.on('close', this.#onClose);
    const detector = new ProtocolDetector(socket, {
      sweep: this.#sweep,
      timeout: this.#options.times?.opening ?? 10_000,
      tls: () => this.#tls,
      requireTls: this.#options.tls?.required ?? false,
      onDetected: (detected) =>
        this.#detected(detected, { address, port, secure: detected.secure }),
      onEnd: () => this.#detectors.delete(detector),
    });
    this.#detectors.add(detector);
  }

  #detected({ socket, framing, head }: DetectedConnection, remote: RemoteAddress): void {
    if (framing === 'http') {
      this.#httpUpgrade.take(socket, head);
      return;
    }
    const framed = this.#framed();
    const transport =
      framing === 'mtp'
        ? acceptTcp(socket, { ...framed, head })
        : acceptLines(socket, { ...framed, head });
    this.#serve(transport, remote);
  }

  #framed(): { maxPayloadBytes: number; sweep: Sweep; idleTimeout: number } {
    const idleTimeout = this.#options.times?.idle ?? IDLE;
    return { maxPayloadBytes: this.#maxPayloadBytes, sweep: this.#sweep, idleTimeout };
  }

  #serve(transport: Transport, remote: RemoteAddress): void {
    void this.#accept(transport, remote);
  }

  async #accept(transport: Transport, remote: RemoteAddress): Promise<void> {
    try {
      await this.#options.station.accept(transport, remote);
    } catch (error) {
      this.#report('gate.accept-failed', error);
      await transport.close();
    }
  }

  #admit(address: string): Disposable | undefined {
    try {
      return this.#options.keeper.connect(address);
    } catch (error) {
      if (isProtocolError(error, 'policy/rate-limited')) return undefined;
      throw error;
    }
  }

  #retryAfter(address: string): number {
    try {
      this.#options.keeper.request(address);
      return 0;
    } catch (error) {
      if (!isProtocolError(error, 'policy/rate-limited')) throw error;
      const { retryAfter } = error.details;
      return typeof retryAfter === 'number' ? retryAfter : 1000;
    }
  }

  #left(socket: Socket): void {
    this.#sockets.get(socket)?.[Symbol.dispose]();
    this.#sockets.delete(socket);
  }

  async #close({ patience = PATIENCE_MS }: ListenerCloseOptions): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const detector of [...this.#detectors]) detector.cancel();
    for (let waited = 0; this.#sockets.size > 0 && waited < patience; waited += LOOK_MS) {
      this.#httpUpgrade.close();
      await sleep(LOOK_MS, this.#timers);
    }
    this.#httpUpgrade.close();
    for (const socket of [...this.#sockets.keys()]) socket.destroy();
    await closed;
  }

  #report(event: string, error: unknown): void {
    const { code } = error as { code?: unknown };
    this.#logger.error(event, typeof code === 'string' ? { code } : {});
  }
}

function ignore(): void {}
