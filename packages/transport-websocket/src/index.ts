/**
 * DIM over WebSocket (spec §12.6): the client's side, in browsers and in Node.
 *
 * @module
 */
export type { TlsOptions } from './channel.ts';
export { type ConnectWebSocketOptions, connectWebSocket } from './connect.ts';
export type { WebSocketOptions } from './options.ts';
export type { WebSocketConstructor, WebSocketLike } from './portable-channel.ts';
