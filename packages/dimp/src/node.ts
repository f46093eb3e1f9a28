/**
 * Defaults for Node: a store in files, and stations over TCP, TLS and WebSocket.
 *
 * @module
 */
import type { Protocol } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { lmdbStore } from '@dimp/store-lmdb';
import { connectTcp } from '@dimp/transport-tcp';
import { connectWebSocket } from '@dimp/transport-websocket';
import {
  type Client,
  type ClientOptions,
  hostOf,
  openClientWith,
  openStandardClient,
  type Platform,
  type StandardProtocol,
} from './client.ts';

export { type LmdbStore, type LmdbStoreOptions, lmdbStore } from '@dimp/store-lmdb';
export { type ConnectTcpOptions, connectTcp } from '@dimp/transport-tcp';
export { type ConnectWebSocketOptions, connectWebSocket } from '@dimp/transport-websocket';
export type { Client, ClientOptions, StandardProtocol } from './client.ts';

/** Options for {@link openClient} in Node. */
export interface NodeClientOptions<P extends Protocol = Protocol> extends ClientOptions<P> {
  /**
   * Folder of the store. It is created if it is missing; its parent folder must exist. Without it (and without `store`)
   * everything is kept in memory, and the identity is lost when the program ends.
   */
  readonly folder?: string;
}

/**
 * Opens a client: loads or registers its user, and logs in at the station if one is named. It does not wait for the
 * connection; messages that are sent before it exists wait in the store.
 *
 * @throws `RangeError` or `TypeError` for an address that cannot be used; the codes of `register` and `lmdbStore`
 *
 * @example
 * ```ts
 * const moki = await openClient({ name: 'moki', folder: './moki', station: 'tcp://127.0.0.1:9394' });
 * ```
 */
export function openClient(
  options: NodeClientOptions<StandardProtocol> & { readonly protocol?: undefined },
): Promise<Client<StandardProtocol>>;
export function openClient<P extends Protocol>(
  options: NodeClientOptions<P> & { readonly protocol: P },
): Promise<Client<P>>;
export function openClient(options: NodeClientOptions): Promise<Client> {
  const { folder, protocol } = options;
  const platform: Platform = {
    openStore: () => (folder === undefined ? memoryStore() : lmdbStore({ path: folder })),
    connect,
  };
  return protocol === undefined
    ? openStandardClient(options, platform)
    : openClientWith(protocol, options, platform);
}

function connect(url: URL): ReturnType<typeof connectTcp> {
  const { protocol } = url;
  if (protocol === 'ws:' || protocol === 'wss:') return connectWebSocket({ url });
  if (protocol !== 'tcp:' && protocol !== 'tls:') {
    throw new RangeError(`station must be a tcp:, tls:, ws: or wss: address, not ${protocol}`);
  }
  const port = url.port === '' ? 9394 : Number(url.port);
  return connectTcp({ host: hostOf(url), port, tls: protocol === 'tls:' });
}
