import { systemTimers, type Timers, type Transport, type TransportFactory } from '@dimp/core';
import { disposeSymbol, ProtocolError } from '@dimp/foundation';
import { native } from '#native/websocket';
import {
  type Channel,
  type ChannelEvents,
  NO_EVENTS,
  type TlsOptions,
} from '../connection/channel.ts';
import type { WebSocketOptions } from '../connection/options.ts';
import { PortableChannel, type WebSocketConstructor } from '../connection/portable-channel.ts';
import { WebSocketTransport } from '../connection/web-socket-transport.ts';
import { ClientConfirmation } from './client-confirmation.ts';

/** Options for {@link connectWebSocket}. */
export interface ConnectWebSocketOptions extends WebSocketOptions {
  /** `ws:` or `wss:`; stations take any path. */
  readonly url: string | URL;
  /** Milliseconds to connect, including TLS; 30,000 by default (spec §11.6). */
  readonly connectTimeout?: number;
  /** Milliseconds of silence after which `PING` is sent; 15,000 by default. */
  readonly keepAlive?: number;
  /** TLS settings for `wss:`; in Node only. */
  readonly tls?: TlsOptions;
  /** A WebSocket class to use instead of the platform's. */
  readonly webSocket?: WebSocketConstructor;
  readonly timers?: Timers;
}

/**
 * The client's side of WebSocket (spec §12.6): `ws` in Node, the platform's WebSocket elsewhere. No subprotocol is
 * requested.
 *
 * A payload counts as sent when the server has answered a later `PING`: servers acknowledge nothing else, and bytes
 * that the operating system has accepted may never arrive. Each acknowledged message is acknowledged to the server with
 * `ACK:`.
 *
 * The factory throws `transport/timeout`; `transport/closed` when the server cannot be reached, or in Node a more
 * specific code: `transport/unknown-host`, `transport/unreachable`, `transport/refused` when the port is refused or the
 * server answers, but not with a WebSocket, `transport/certificate` when its certificate is not accepted; the reason of
 * the signal, which later closes the connection.
 *
 * @throws `TypeError` for a URL that does not start with `ws:` or `wss:`
 *
 * @example
 * ```ts
 * const connect = connectWebSocket({ url: 'ws://127.0.0.1:9394/' });
 * const transport = await connect({ maxPayloadBytes: 2 * 1024 * 1024 });
 * ```
 */
export function connectWebSocket(options: ConnectWebSocketOptions): TransportFactory {
  const url = new URL(options.url);
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    throw new TypeError('url must start with ws: or wss:');
  }
  url.hash = '';
  return ({ signal, maxPayloadBytes }) => {
    signal?.throwIfAborted();
    return dial(url.href, options, maxPayloadBytes, signal);
  };
}

function dial(
  url: string,
  options: ConnectWebSocketOptions,
  maxPayloadBytes: number,
  signal: AbortSignal | undefined,
): Promise<Transport> {
  const { connectTimeout = 30_000, keepAlive = 15_000, timers = systemTimers } = options;
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      timer[disposeSymbol]();
      signal?.removeEventListener('abort', abort);
    };
    const fail = (reason: unknown): void => {
      settle();
      channel.events = NO_EVENTS;
      channel.terminate();
      reject(reason);
    };
    const abort = (): void => fail(signal?.reason);
    const timer = timers.after(connectTimeout, () => {
      fail(new ProtocolError('transport/timeout', `${new URL(url).host} does not answer in time`));
    });
    const channel = open(url, options, maxPayloadBytes, {
      ...NO_EVENTS,
      opened: () => {
        settle();
        const confirmation = new ClientConfirmation(channel);
        const limits = { ...options, maxPayloadBytes };
        const side = { keepAlive, closeCode: 1000 } as const;
        const transport = new WebSocketTransport(channel, confirmation, limits, side);
        if (signal !== undefined) closeOnAbort(transport, signal);
        resolve(transport);
      },
      closed: (error) => {
        fail(
          error ??
            new ProtocolError('transport/closed', 'the server has closed the connection at once'),
        );
      },
    });
    signal?.addEventListener('abort', abort, { once: true });
  });
}

function open(
  url: string,
  { webSocket, tls }: ConnectWebSocketOptions,
  maxPayloadBytes: number,
  events: ChannelEvents,
): Channel {
  if (webSocket === undefined) return native(url, { maxPayloadBytes, tls }, events);
  return new PortableChannel(new webSocket(url), events);
}

function closeOnAbort(transport: WebSocketTransport, signal: AbortSignal): void {
  const close = (): void => void transport.close();
  signal.addEventListener('abort', close, { once: true });
  void transport.ended().then(() => signal.removeEventListener('abort', close));
}
