import type { Duplex } from 'node:stream';
import type { Transport } from '@dimp/core';
import { Sweep } from '@dimp/core/transport';
import type { ServerOptions, WebSocket } from 'ws';
import { NO_EVENTS } from '../connection/channel.ts';
import type { WebSocketOptions } from '../connection/options.ts';
import { type Side, WebSocketTransport } from '../connection/web-socket-transport.ts';
import { pieceLimits } from '../ws/piece-limits.ts';
import { WsChannel } from '../ws/ws-channel.ts';
import { ServerConfirmation } from './server-confirmation.ts';

/** Options for {@link acceptWebSocket}. */
export interface AcceptWebSocketOptions extends WebSocketOptions {
  /** Longest payload accepted, in bytes. */
  readonly maxPayloadBytes: number;
  /**
   * The connection of the WebSocket. With it, {@link Transport.limitPayloads} counts the bytes of incomplete messages;
   * without it, only whole messages.
   */
  readonly connection?: Duplex;
  /** Milliseconds to wait for an acknowledgement of a client that acknowledges; 120,000 by default (spec §12.3). */
  readonly ackTimeout?: number;
  /**
   * Milliseconds after which a client that sends data but no pong counts as one that never answers; 5,000 by default.
   */
  readonly pongTimeout?: number;
}

/**
 * Returns the options for the `WebSocketServer` of `ws`: lengths are limited before memory is allocated, nothing is
 * compressed, and the server keeps no list of clients, because the station has one.
 */
export function webSocketServerOptions({
  maxPayloadBytes,
  closeTimeout = 5000,
}: Pick<AcceptWebSocketOptions, 'maxPayloadBytes' | 'closeTimeout'>): ServerOptions & {
  readonly closeTimeout: number;
} {
  return {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxPayloadBytes,
    ...pieceLimits(maxPayloadBytes),
    closeTimeout,
  };
}

/**
 * Takes over a WebSocket that a server has accepted with {@link webSocketServerOptions}: the station's side (spec
 * §12.6). Must be called in the same turn of the event loop, so that no message is missed.
 */
export function acceptWebSocket(socket: WebSocket, options: AcceptWebSocketOptions): Transport {
  const sweep = options.sweep ?? new Sweep();
  const { connection, ...kept } = options;
  const channel = new WsChannel(socket, NO_EVENTS, { connection });
  const confirmation = new ServerConfirmation(channel, sweep.clock, options);
  return new WebSocketTransport(channel, confirmation, { ...kept, sweep }, STATION);
}

/** A station sends no `PING`, and closes connections with the code for going away. */
const STATION: Side = { keepAlive: undefined, closeCode: 1001 };
