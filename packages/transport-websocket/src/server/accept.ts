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

/** What {@link acceptWebSocket} has to be told. */
export interface AcceptWebSocketOptions extends WebSocketOptions {
  /** Longest payload accepted, in bytes. */
  readonly maxPayloadBytes: number;
  /**
   * The connection below the WebSocket: there {@link Transport.limitPayloads} counts what has come of a message that is not
   * complete. Without it, only whole messages are counted.
   */
  readonly connection?: Duplex;
  /** Milliseconds that a client which acknowledges may take for it; 120,000 unless told (spec §12.3). */
  readonly ackTimeout?: number;
  /** Milliseconds after which a client that answers no ping, but talks, counts as one that never does; 5,000 unless told. */
  readonly pongTimeout?: number;
}

/**
 * The options with which the `WebSocketServer` of `ws` has to be made: lengths are limited before memory is taken, nothing
 * is compressed, and no list of the connections is kept beside that of the station.
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
 * Takes over a WebSocket that a server has accepted with {@link webSocketServerOptions}: the station's side (spec §12.6).
 * To be called in the same turn of the event loop, so that no message is missed.
 */
export function acceptWebSocket(socket: WebSocket, options: AcceptWebSocketOptions): Transport {
  const sweep = options.sweep ?? new Sweep();
  const { connection, ...kept } = options;
  const channel = new WsChannel(socket, NO_EVENTS, { connection });
  const confirmation = new ServerConfirmation(channel, sweep.clock, options);
  return new WebSocketTransport(channel, confirmation, { ...kept, sweep }, STATION);
}

/** A station sends no `PING`, and when it closes a connection it goes away. */
const STATION: Side = { keepAlive: undefined, closeCode: 1001 };
