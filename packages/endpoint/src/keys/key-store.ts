import {
  type Clock,
  KeyCache,
  type KeyCacheOptions,
  type Protocol,
  type Store,
  systemClock,
} from '@dimp/core';
import { keyWire, type SymmetricKey } from '@dimp/crypto';
import { type Json, LruMap, type Reduction } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { corruptRecord, decodePart } from '../record.ts';
import { type DirectionRecord, DirectionRecords } from './direction-records.ts';

/** Options for a {@link KeyStore}. */
export interface KeyStoreOptions extends KeyCacheOptions {
  readonly protocol: Protocol;
  readonly store: Store;
  /** Approximate maximum number of sending directions, and of receiving ones; 16,384 by default. The oldest are dropped. */
  readonly maxDirections?: number;
}

/** An own message key in use, with the number of uses that are reserved in the store. */
interface Reserved {
  readonly key: SymmetricKey;
  readonly created: number;
  readonly holders: string;
  left: number;
}

/** A stored {@link Reserved}; `uses` counts all reserved uses. */
interface SendingRecord extends DirectionRecord {
  readonly key: Json;
  readonly uses: number;
  readonly holders: string;
}

/** Number of uses reserved at once, because a write for each message would cost more than the message. */
const RESERVED_USES = 64;
/** Maximum number of stored directions per sender: otherwise a sender with invented groups could displace all others. */
const DIRECTIONS_OF_SENDER = 64;

const WHAT = 'message key';

/**
 * A persistent key cache. After a restart, received keys still decrypt messages without a key, and own keys stay in use until they
 * are due by age, by count, or because of other receivers. Tabs may share a store: together they do not use a key more often than
 * allowed.
 *
 * Methods throw `store/corrupt` for a damaged record, and the codes of the store. {@link KeyStore.rotate} deletes a damaged own
 * key.
 *
 * @example
 * ```ts
 * const rotation = { maxMessages: 100, maxAge: 60 * 60 * 1000 };
 * const keyStore = new KeyStore({ protocol, store: facebook.store, rotation });
 * const messenger = new Messenger({ facebook, keyStore });
 * ```
 */
export class KeyStore extends KeyCache {
  readonly #protocol: Protocol;
  readonly #clock: Clock;
  readonly #shared: boolean;
  readonly #sending: DirectionRecords;
  readonly #received: DirectionRecords;
  readonly #ofSender: number;
  readonly #reserved: LruMap<string, Reserved>;
  /** Counts rotations: uses whose reservation began before one must not be used after it. */
  #rotations = 0;

  constructor({ protocol, store, maxDirections = 16_384, ...options }: KeyStoreOptions) {
    super(options);
    this.#protocol = protocol;
    this.#clock = options.clock ?? systemClock;
    this.#shared = store.sharing !== undefined;
    const common = { store, what: WHAT, limit: maxDirections };
    this.#sending = new DirectionRecords({ ...common, area: 'sending-key' });
    this.#received = new DirectionRecords({ ...common, area: 'received-key' });
    this.#ofSender = Math.min(DIRECTIONS_OF_SENDER, maxDirections);
    this.#reserved = new LruMap(options.capacity ?? 4096);
  }

  override async sendingKey(
    sender: ID,
    destination: ID,
    holders: string,
  ): Promise<SymmetricKey | undefined> {
    const name = nameOf(sender, destination);
    const held = this.#reserved.get(name);
    if (held !== undefined && held.left > 0) {
      // The store counts the uses. Age and receivers are known here.
      if (held.holders !== holders || this.isDue({ created: held.created, uses: 0 })) {
        return undefined;
      }
      held.left -= 1;
      return held.key;
    }
    const rotations = this.#rotations;
    const reserved = await this.#reserve(sender, destination, holders);
    if (reserved === undefined || rotations !== this.#rotations) return undefined;
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
    if (destination.isBroadcast) throw new TypeError('a broadcast must not have a message key');
    this.#checkSecret(key);
    const created = this.#clock.now();
    const uses = Math.min(RESERVED_USES, this.rotation.maxMessages);
    const record: SendingRecord = { key: keyWire(key), created, uses, holders };
    await this.#sending.set([sender, destination], record);
    this.#reserved.set(nameOf(sender, destination), { key, created, holders, left: uses - 1 });
  }

  override async rotate(sender: ID, destination: ID): Promise<void> {
    this.#rotations += 1;
    this.#reserved.delete(nameOf(sender, destination));
    await this.#sending.delete([sender, destination]);
  }

  override async receivedKeys(sender: ID, destination: ID): Promise<readonly SymmetricKey[]> {
    const known = await super.receivedKeys(sender, destination);
    // Another tab may have stored newer ones.
    if (known.length > 0 && !this.#shared) return known;
    const stored = await this.#received.get([sender, destination]);
    if (stored === undefined) return known;
    for (const key of this.#readKeys(stored).reverse()) {
      await super.learnReceivedKey(sender, destination, key);
    }
    return super.receivedKeys(sender, destination);
  }

  override async learnReceivedKey(sender: ID, destination: ID, key: SymmetricKey): Promise<void> {
    if (destination.isBroadcast) return;
    this.#checkSecret(key);
    const [newest] = await super.receivedKeys(sender, destination);
    if (newest?.equals(key)) return;
    const before = await this.receivedKeys(sender, destination);
    if (before[0]?.equals(key)) return;
    await super.learnReceivedKey(sender, destination, key);
    const keys = await super.receivedKeys(sender, destination);
    const record = { created: this.#clock.now(), keys: keys.map((each) => keyWire(each)) };
    const old = before.length > 0 ? [] : await this.#received.oldestOf(sender, this.#ofSender);
    await this.#received.set([sender, destination], record, old);
  }

  override reduceMemory(part?: Reduction): void {
    super.reduceMemory(part);
    this.#reserved.reduce(part);
  }

  /** Reserves the next uses of a stored key, so that all tabs together do not use it more often than allowed. */
  async #reserve(sender: ID, destination: ID, holders: string): Promise<Reserved | undefined> {
    let left = 0;
    const taken = await this.#sending.update([sender, destination], (stored) => {
      const record = checkSending(stored);
      if (record.holders !== holders || this.isDue(record)) return undefined;
      const uses = Math.min(record.uses + RESERVED_USES, this.rotation.maxMessages);
      left = uses - record.uses;
      return { ...record, uses };
    });
    if (taken === undefined) return undefined;
    return { key: this.#readKey(taken.key), created: taken.created, holders, left };
  }

  #readKeys({ keys }: DirectionRecord): SymmetricKey[] {
    if (!Array.isArray(keys)) throw corruptRecord(WHAT);
    return (keys as readonly Json[]).map((wire) => this.#readKey(wire));
  }

  #readKey(wire: Json): SymmetricKey {
    const key: SymmetricKey = decodePart(WHAT, () => this.#protocol.keys.parseSymmetric(wire));
    // An attacker who can write to the store must not be able to switch encryption off.
    if (!this.#protocol.keys.allowsMessageKey(key.algorithm)) throw corruptRecord(WHAT);
    return key;
  }

  #checkSecret({ algorithm }: SymmetricKey): void {
    if (!this.#protocol.keys.allowsMessageKey(algorithm)) {
      throw new TypeError(`${algorithm} does not keep a secret`);
    }
  }
}

/** @throws `store/corrupt` */
function checkSending(record: DirectionRecord): SendingRecord {
  const { key, uses, holders } = record;
  if (key === undefined || typeof holders !== 'string') throw corruptRecord(WHAT);
  if (typeof uses !== 'number' || !Number.isSafeInteger(uses) || uses < 1) {
    throw corruptRecord(WHAT);
  }
  return { ...record, key, uses, holders };
}

/** Joins with NUL, which an ID cannot contain. */
function nameOf(sender: ID, destination: ID): string {
  return `${sender.entity}\u0000${destination.entity}`;
}
