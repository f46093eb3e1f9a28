import type { SymmetricKey } from '@dimp/crypto';
import { LruMap, type MaybePromise, type Reduction } from '@dimp/foundation';
import { directionKey, type ID } from '@dimp/mkm';
import { type Clock, systemClock } from '../ports/clock.ts';

/** When an own message key is replaced. */
export interface KeyRotation {
  /** Maximum number of messages under one key. */
  readonly maxMessages: number;
  /** Maximum age of a key in milliseconds. */
  readonly maxAge: number;
}

/** 1,000 messages or 24 hours, whichever comes first (spec §11.1). */
export const DEFAULT_KEY_ROTATION: KeyRotation = /* @__PURE__ */ Object.freeze({
  maxMessages: 1000,
  maxAge: 24 * 60 * 60 * 1000,
});

/** Options for a {@link KeyCache}. */
export interface KeyCacheOptions {
  readonly clock?: Clock;
  readonly rotation?: KeyRotation;
  /** Maximum number of sending directions, and of receiving ones; 4,096 by default. */
  readonly capacity?: number;
}

/** Number of stored keys per receiving direction: around a rotation, messages may arrive out of order. */
const RECEIVED_KEYS = 4;

/** An own message key in use. */
export interface SendingKey {
  readonly key: SymmetricKey;
  /** Creation time in milliseconds since the epoch. */
  readonly created: number;
  /** Number of messages encrypted with it. */
  readonly uses: number;
  /** Identifies the set of receivers that have the key; see {@link KeyCache.sendingKey}. */
  readonly holders: string;
}

/**
 * Message keys by direction (spec §11.1). Own and received keys are stored separately, so that a key from the network is never
 * used for encryption (spec §14.2 #18).
 */
export class KeyCache {
  protected readonly rotation: KeyRotation;
  readonly #clock: Clock;
  readonly #sending: LruMap<string, SendingKey>;
  readonly #received: LruMap<string, readonly SymmetricKey[]>;

  constructor(options: KeyCacheOptions = {}) {
    const { clock = systemClock, rotation = DEFAULT_KEY_ROTATION, capacity = 4096 } = options;
    this.#clock = clock;
    this.rotation = rotation;
    this.#sending = new LruMap(capacity);
    this.#received = new LruMap(capacity);
  }

  /**
   * Returns the key for the next message in a direction and counts the use. Returns undefined if a new key is due: by age, by
   * count, or because the set of receivers has changed. A former group member must not read new messages, and a new member need
   * not read old ones.
   *
   * @param holders - a text that identifies the set of receivers
   */
  sendingKey(sender: ID, destination: ID, holders: string): MaybePromise<SymmetricKey | undefined> {
    const direction = directionKey(sender, destination);
    const found = this.#sending.get(direction);
    if (found === undefined || found.holders !== holders || this.isDue(found)) return undefined;
    this.#sending.set(direction, { ...found, uses: found.uses + 1 });
    return found.key;
  }

  /** Stores a new own key, with its first use counted. */
  useSendingKey(
    sender: ID,
    destination: ID,
    key: SymmetricKey,
    holders: string,
  ): MaybePromise<void> {
    if (destination.isBroadcast) throw new TypeError('a broadcast must not have a message key');
    this.#sending.set(directionKey(sender, destination), {
      key,
      created: this.#clock.now(),
      uses: 1,
      holders,
    });
  }

  /** Returns the keys received from a sender for a destination, newest first. */
  receivedKeys(sender: ID, destination: ID): MaybePromise<readonly SymmetricKey[]> {
    return this.#received.get(directionKey(sender, destination)) ?? [];
  }

  /** Stores a key that decrypted a message of this direction. Only the transceiver calls it, after all checks. */
  learnReceivedKey(sender: ID, destination: ID, key: SymmetricKey): MaybePromise<void> {
    if (destination.isBroadcast) return;
    const direction = directionKey(sender, destination);
    const known = this.#received.get(direction) ?? [];
    if (known[0]?.equals(key)) return;
    const others = known.filter((each) => !each.equals(key));
    this.#received.set(direction, [key, ...others].slice(0, RECEIVED_KEYS));
  }

  /** Makes the next message in a direction use a new key, for example after a member has left. */
  rotate(sender: ID, destination: ID): MaybePromise<void> {
    this.#sending.delete(directionKey(sender, destination));
  }

  /** Drops a part of the directions, half by default. A dropped own key is replaced by a new one. */
  reduceMemory(part?: Reduction): void {
    this.#sending.reduce(part);
    this.#received.reduce(part);
  }

  /** Whether a key has to be replaced. */
  protected isDue(key: Pick<SendingKey, 'created' | 'uses'>): boolean {
    const { maxMessages, maxAge } = this.rotation;
    const age = this.#clock.now() - key.created;
    // If the clock was set back, the key must not stay in use for ever.
    return key.uses >= maxMessages || age >= maxAge || age < 0;
  }
}
