/**
 * DIM over TCP and TLS for Node: MTP (spec §12.2–12.4) as a transport.
 *
 * @module
 */
export { type AcceptTcpOptions, acceptTcp } from './tcp/accept.ts';
export { type ConnectTcpOptions, connectTcp } from './tcp/connect.ts';
export type { TcpOptions } from './tcp/options.ts';
export type { ResendOptions } from './tcp/pending-sends.ts';
