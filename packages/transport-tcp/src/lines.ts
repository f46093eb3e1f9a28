/**
 * JSON lines over TCP or TLS, for stations: the framing of clients of version 0.8 (spec §12.1).
 *
 * @module
 */
export { type AcceptLinesOptions, acceptLines } from './lines/accept.ts';
export { LineSplitter } from './lines/line-splitter.ts';
export type { SocketOptions } from './socket/socket-transport.ts';
