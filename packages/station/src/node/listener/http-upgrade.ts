import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { RemoteAddress } from '@dimp/core/transport';
import { refuse } from '@dimp/file-server/http';
import { webSocketServerOptions } from '@dimp/transport-websocket/server';
import { type WebSocket, WebSocketServer } from 'ws';
import type { HttpHandler } from '../http/http-handler.ts';
import type { TrustedProxies } from './trusted-proxies.ts';

/** Time limits of HTTP requests, in milliseconds. */
export interface HttpTimes {
  /** From the first byte of a request to the end of its headers. */
  readonly headers: number;
  /** From the first byte of a request to the end of its body. Large files may arrive over slow lines. */
  readonly request: number;
  /** Without a byte in either direction. */
  readonly idle: number;
}

/** Options for {@link HttpUpgrade}. */
export interface HttpUpgradeOptions {
  readonly maxPayloadBytes: number;
  readonly times: HttpTimes;
  readonly proxies: TrustedProxies;
  readonly http: HttpHandler;
  /** Charges a request, and returns how long its address has to wait, in milliseconds; 0 if it may be answered. */
  readonly retryAfter: (address: string) => number;
  /**
   * Counts a WebSocket connection through a proxy.
   *
   * @returns a handle to dispose of when it has closed; undefined if the connection is refused
   */
  readonly admit: (address: string) => Disposable | undefined;
  readonly onWebSocket: (socket: WebSocket, remote: RemoteAddress, connection: Duplex) => void;
}

const MAX_HEADER_BYTES = 16_384;

/** Handles HTTP requests and upgrades to WebSocket on accepted connections. */
export class HttpUpgrade {
  readonly #options: HttpUpgradeOptions;
  readonly #http: Server;
  readonly #webSockets: WebSocketServer;
  #closing = false;

  constructor(options: HttpUpgradeOptions) {
    this.#options = options;
    const { headers, idle, request } = options.times;
    this.#http = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: headers,
      requestTimeout: request,
      keepAliveTimeout: Math.min(5000, idle),
      connectionsCheckingInterval: Math.min(5000, headers),
    });
    this.#http.timeout = idle;
    this.#webSockets = new WebSocketServer(webSocketServerOptions(options));
    this.#http.on('request', (asked, response) => this.#answer(asked, response));
    this.#http.on('upgrade', (asked, socket, head) => this.#upgrade(asked, socket, head));
    // Without a listener, Node would answer bytes that are not a request.
    this.#http.on('clientError', (_error, socket) => socket.destroy());
    // This server never listens, but Node starts its timer for slow requests with this event.
    this.#http.emit('listening');
  }

  /** Takes over a connection from which some bytes were already read. */
  take(socket: Socket, head: Uint8Array): void {
    socket.pause();
    socket.unshift(head);
    this.#http.emit('connection', socket);
    socket.resume();
  }

  /** Closes idle connections now, and the others after their request. */
  close(): void {
    this.#closing = true;
    // Fails because it is not listening, which is expected.
    this.#http.close(ignore);
    this.#http.closeIdleConnections();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    if (this.#closing) response.shouldKeepAlive = false;
    const { http, retryAfter } = this.#options;
    const remote = this.#clientOf(request);
    const wait = retryAfter(remote.address);
    if (wait === 0) {
      http(request, response, remote);
      return;
    }
    // The next request needs a new connection, and those have a rate limit too.
    const headers = { 'Retry-After': Math.ceil(wait / 1000), Connection: 'close' };
    void refuse(request, response, 429, headers).catch(ignore);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#closing) return void socket.destroy();
    const { admit, onWebSocket, proxies } = this.#options;
    const remote = this.#clientOf(request);
    const throughProxy = proxies.includes(request.socket.remoteAddress ?? '');
    const admitted = throughProxy ? admit(remote.address) : NOT_COUNTED;
    if (admitted === undefined) return void socket.destroy();
    if (throughProxy) socket.once('close', () => admitted[Symbol.dispose]());
    // Pages of any origin may connect: users authenticate by signatures, not by cookies.
    this.#webSockets.handleUpgrade(request, socket, head, (accepted) =>
      onWebSocket(accepted, remote, socket),
    );
  }

  #clientOf(request: IncomingMessage): RemoteAddress {
    const { socket } = request;
    const { remoteAddress: address = '', remotePort: port = 0 } = socket;
    return this.#options.proxies.clientOf(request, {
      address,
      port,
      secure: socket instanceof TLSSocket,
    });
  }
}

/** For direct connections, which are already counted. */
const NOT_COUNTED: Disposable = { [Symbol.dispose]: ignore };

function ignore(): void {}
