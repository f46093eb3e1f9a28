import {
  type Clock,
  KeyCache,
  type KeyCacheOptions,
  type Protocol,
  type Store,
  type StoreChange,
  type StoreKey,
  systemClock,
} from '@dimp/core';
import type { SymmetricKey } from '@dimp/crypto';
import { type Json, type JsonObject, LruMap } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { corruptRecord, decodeRecordObject, encodeRecord } from './record.ts';

/** What a key store is made with. */
export interface KeyStoreOptions extends KeyCacheOptions {
  readonly protocol: Protocol;
  readonly store: Store;
}

/** A message key of our own in use, with the messages that it may still serve without asking the store. */
interface Reserved {
  readonly key: SymmetricKey;
  readonly created: number;
  readonly holders: string;
  left: number;
}

/** Uses taken from the store at once: a write for each message would cost more than the message. */
const RESERVED_USES = 64;
/** Directions of one sender that are stored; the oldest is dropped, because who sends them can make up any number. */
const MAX_DIRECTIONS = 64;
/** Attempts to write what another tab writes as well. */
const ATTEMPTS = 16;

const WHAT = 'message key';

/**
 * A key cache over storage, by direction: received keys are still there after a restart, so messages that carry none can
 * be opened; keys of our own go on until they are due by age, by count, or for other receivers.
 */
export class KeyStore extends KeyCache {
  readonly #protocol: Protocol;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #reserved: LruMap<string, Reserved>;

  constructor({ protocol, store, ...options }: KeyStoreOptions) {
    super(options);
    this.#protocol = protocol;
    this.#store = store;
    this.#clock = options.clock ?? systemClock;
    this.#reserved = new LruMap(options.capacity ?? 4096);
  }

  override async sendingKey(
    sender: ID,
    destination: ID,
    holders: string,
  ): Promise<SymmetricKey | undefined> {
    const path = sendingPath(sender, destination);
    const name = path.join('\u0000');
    const held = this.#reserved.get(name);
    if (held !== undefined && held.left > 0) {
      // What is used up is the store's to say; age and receivers are known here.
      if (held.holders !== holders || this.isDue({ created: held.created, uses: 0 })) {
        return undefined;
      }
      held.left -= 1;
      return held.key;
    }
    const reserved = await this.#reserve(path, holders);
    if (reserved === undefined) return undefined;
    reserved.left -= 1;
    this.#reserved.set(name, reserved);
    return reserved.key;
  }

  override async useSendingKey(
    sender: ID,
    destination: ID,
    key: SymmetricKey,
    holders: string,
  ): Promise<void> {
    if (destination.isBroadcast) throw new TypeError('a broadcast has no message key');
    const path = sendingPath(sender, destination);
    const created = this.#clock.now();
    const uses = Math.min(RESERVED_USES, this.rotation.maxMessages);
    await this.#store.set(path, encodeRecord({ key: key.toWire(), created, uses, holders }));
    this.#reserved.set(path.join('\u0000'), { key, created, holders, left: uses - 1 });
  }

  override async rotate(sender: ID, destination: ID): Promise<void> {
    const path = sendingPath(sender, destination);
    this.#reserved.delete(path.join('\u0000'));
    await this.#store.delete(path);
  }

  override async receivedKeys(sender: ID, destination: ID): Promise<readonly SymmetricKey[]> {
    const known = await super.receivedKeys(sender, destination);
    if (known.length > 0) return known;
    const stored = await this.#store.get(receivedPath(sender, destination));
    if (stored === undefined) return [];
    const keys = this.#readReceived(stored);
    for (const key of [...keys].reverse()) await super.learnReceivedKey(sender, destination, key);
    return keys;
  }

  override async learnReceivedKey(sender: ID, destination: ID, key: SymmetricKey): Promise<void> {
    const before = await this.receivedKeys(sender, destination);
    if (before[0]?.equals(key)) return;
    await super.learnReceivedKey(sender, destination, key);
    if (destination.isBroadcast) return;
    const keys = await super.receivedKeys(sender, destination);
    const changes: StoreChange[] = before.length === 0 ? [...(await this.#oldestOf(sender))] : [];
    const wires: Json[] = keys.map((each) => each.toWire());
    changes.push({
      type: 'set',
      key: receivedPath(sender, destination),
      value: encodeRecord({ learned: this.#clock.now(), keys: wires }),
    });
    await this.#store.batch(changes);
  }

  override reduceMemory(): void {
    super.reduceMemory();
    this.#reserved.reduce();
  }

  /** Takes the next uses of a stored key, so that tabs on one store never use it more often than allowed together. */
  async #reserve(path: StoreKey, holders: string): Promise<Reserved | undefined> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const bytes = await this.#store.get(path);
      if (bytes === undefined) return undefined;
      const record = decodeRecordObject(bytes, WHAT);
      const { created, uses } = record;
      if (typeof created !== 'number' || typeof uses !== 'number') throw corruptRecord(WHAT);
      if (record['holders'] !== holders || this.isDue({ created, uses })) return undefined;
      const until = Math.min(uses + RESERVED_USES, this.rotation.maxMessages);
      const next = encodeRecord({ ...record, uses: until });
      if (await this.#store.compareAndSet(path, bytes, next)) {
        return { key: this.#parse(record['key']), created, holders, left: until - uses };
      }
    }
    // Others are faster: a new key does no harm.
    return undefined;
  }

  /** What has to go so that one more direction of a sender fits. */
  async #oldestOf(sender: ID): Promise<readonly StoreChange[]> {
    const known: { readonly key: StoreKey; readonly learned: number }[] = [];
    for await (const [key, bytes] of this.#store.list(['received-key', sender.entity])) {
      known.push({ key, learned: this.#readRecord(bytes).learned });
    }
    return known
      .sort((a, b) => b.learned - a.learned)
      .slice(MAX_DIRECTIONS - 1)
      .map(({ key }) => ({ type: 'delete', key }));
  }

  #readReceived(stored: Uint8Array): readonly SymmetricKey[] {
    return this.#readRecord(stored).keys.map((wire) => this.#parse(wire));
  }

  #readRecord(stored: Uint8Array): { readonly learned: number; readonly keys: readonly Json[] } {
    const { learned, keys }: JsonObject = decodeRecordObject(stored, WHAT);
    if (typeof learned !== 'number' || !Array.isArray(keys)) throw corruptRecord(WHAT);
    return { learned, keys: keys as readonly Json[] };
  }

  #parse(wire: Json | undefined): SymmetricKey {
    try {
      return this.#protocol.keys.parseSymmetric(wire);
    } catch {
      // The cause stays out: it may quote a key.
      throw corruptRecord(WHAT);
    }
  }
}

function sendingPath(sender: ID, destination: ID): StoreKey {
  return ['sending-key', sender.entity, destination.entity];
}

function receivedPath(sender: ID, destination: ID): StoreKey {
  return ['received-key', sender.entity, destination.entity];
}
