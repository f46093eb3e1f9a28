import {
  KeyCache,
  type KeyCacheOptions,
  type Protocol,
  type Store,
  type StoreKey,
} from '@dimp/core';
import type { SymmetricKey } from '@dimp/crypto';
import {
  isJsonObject,
  type Json,
  ownMember,
  ProtocolError,
  parseJson,
  stringifyJson,
  utf8Encode,
} from '@dimp/foundation';
import type { ID } from '@dimp/mkm';

/** What a key store is made with. */
export interface KeyStoreOptions extends KeyCacheOptions {
  readonly protocol: Protocol;
  readonly store: Store;
}

/**
 * A key cache over storage: received message keys are still there after a restart, so messages that carry none can be
 * opened. Keys of our own are not stored: after a restart the next message simply gets a new one.
 */
export class KeyStore extends KeyCache {
  readonly #protocol: Protocol;
  readonly #store: Store;

  constructor({ protocol, store, ...options }: KeyStoreOptions) {
    super(options);
    this.#protocol = protocol;
    this.#store = store;
  }

  override async receivedKeys(sender: ID, destination: ID): Promise<readonly SymmetricKey[]> {
    const known = await super.receivedKeys(sender, destination);
    if (known.length > 0) return known;
    const path = pathOf(sender, destination);
    const stored = await this.#store.get(path);
    if (stored === undefined) return [];
    const keys = this.#read(stored);
    for (const key of [...keys].reverse()) await super.learnReceivedKey(sender, destination, key);
    return keys;
  }

  override async learnReceivedKey(sender: ID, destination: ID, key: SymmetricKey): Promise<void> {
    const [newest] = await this.receivedKeys(sender, destination);
    if (newest?.equals(key)) return;
    await super.learnReceivedKey(sender, destination, key);
    if (destination.isBroadcast) return;
    const keys = await super.receivedKeys(sender, destination);
    const wires: Json[] = keys.map((each) => each.toWire());
    await this.#store.set(pathOf(sender, destination), utf8Encode(stringifyJson(wires)));
  }

  #read(stored: Uint8Array): readonly SymmetricKey[] {
    try {
      const list = parseJson(stored);
      if (!Array.isArray(list)) throw new TypeError('no list');
      return list
        .filter((wire) => isJsonObject(wire) && ownMember(wire, 'algorithm') !== undefined)
        .map((wire) => this.#protocol.keys.parseSymmetric(wire));
    } catch {
      throw new ProtocolError('store/corrupt', 'a stored record cannot be read', {
        details: { what: 'message key' },
      });
    }
  }
}

function pathOf(sender: ID, destination: ID): StoreKey {
  return ['message-key', sender.entity, destination.entity];
}
