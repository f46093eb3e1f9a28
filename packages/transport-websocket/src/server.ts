/**
 * DIM over WebSocket (spec §12.6): the station's side, for Node.
 *
 * @module
 */
export {
  type AcceptWebSocketOptions,
  acceptWebSocket,
  webSocketServerOptions,
} from './server/accept.ts';
