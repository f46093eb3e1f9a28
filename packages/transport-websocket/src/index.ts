/**
 * DIM over WebSocket (spec §12.6): the client's side, in browsers and in Node.
 *
 * @module
 */

export { type ConnectWebSocketOptions, connectWebSocket } from './client/connect.ts';
export type { TlsOptions } from './connection/channel.ts';
export type { WebSocketOptions } from './connection/options.ts';
export type { WebSocketConstructor, WebSocketLike } from './connection/portable-channel.ts';
