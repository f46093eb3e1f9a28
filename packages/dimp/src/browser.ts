/**
 * Defaults for browsers: a store in IndexedDB that tabs share, and stations over WebSocket.
 *
 * @module
 */
import type { Protocol } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { indexedDbStore } from '@dimp/store-indexeddb';
import { connectWebSocket } from '@dimp/transport-websocket';
import {
  type Client,
  type ClientOptions,
  openClientWith,
  openStandardClient,
  type Platform,
  type StandardProtocol,
} from './client.ts';

export { type IndexedDbStoreOptions, indexedDbStore } from '@dimp/store-indexeddb';
export { type ConnectWebSocketOptions, connectWebSocket } from '@dimp/transport-websocket';
export type { Client, ClientOptions, StandardProtocol } from './client.ts';

/** Options for {@link openClient} in browsers. */
export interface BrowserClientOptions<P extends Protocol = Protocol> extends ClientOptions<P> {
  /**
   * Name of the IndexedDB database. Without it (and without `store`) everything is kept in memory, and the identity is
   * lost when the page is closed.
   */
  readonly database?: string;
}

/**
 * Opens a client: loads or registers its user, and logs in at the station if one is named. It does not wait for the
 * connection; messages that are sent before it exists wait in the store.
 *
 * @throws `RangeError` or `TypeError` for an address that cannot be used; the codes of `register` and `indexedDbStore`
 *
 * @example
 * ```ts
 * const moki = await openClient({ name: 'moki', database: 'moki', station: 'wss://station.example.org' });
 * ```
 */
export function openClient(
  options: BrowserClientOptions<StandardProtocol> & { readonly protocol?: undefined },
): Promise<Client<StandardProtocol>>;
export function openClient<P extends Protocol>(
  options: BrowserClientOptions<P> & { readonly protocol: P },
): Promise<Client<P>>;
export function openClient(options: BrowserClientOptions): Promise<Client> {
  const { database, protocol } = options;
  const platform: Platform = {
    openStore: () => (database === undefined ? memoryStore() : indexedDbStore({ name: database })),
    connect: (url) => {
      if (url.protocol === 'ws:' || url.protocol === 'wss:') return connectWebSocket({ url });
      throw new RangeError(`station must be a ws: or wss: address, not ${url.protocol}`);
    },
  };
  return protocol === undefined
    ? openStandardClient(options, platform)
    : openClientWith(protocol, options, platform);
}
