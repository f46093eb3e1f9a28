import type { SymmetricKey } from '@dimp/crypto';
import { LruMap, type MaybePromise, type Reduction } from '@dimp/foundation';
import { directionKey, type ID } from '@dimp/mkm';
import { type Clock, systemClock } from '../ports/clock.ts';

/** When a message key of our own is replaced by a new one. */
export interface KeyRotation {
  /** Most messages under one key. */
  readonly maxMessages: number;
  /** Longest use of one key, in milliseconds. */
  readonly maxAge: number;
}

/** 1,000 messages or 24 hours, whichever comes first (spec §11.1). */
export const DEFAULT_KEY_ROTATION: KeyRotation = /* @__PURE__ */ Object.freeze({
  maxMessages: 1000,
  maxAge: 24 * 60 * 60 * 1000,
});

/** What a key cache is made with. */
export interface KeyCacheOptions {
  readonly clock?: Clock;
  readonly rotation?: KeyRotation;
  /** Directions remembered each way, 4,096 by default. */
  readonly capacity?: number;
}

/** Keys of one peer that are remembered at once: messages may overtake each other around a rotation. */
const RECEIVED_KEYS = 4;

/** A message key of our own in use. */
export interface SendingKey {
  readonly key: SymmetricKey;
  /** When it was made, in milliseconds since the epoch. */
  readonly created: number;
  /** Messages encrypted with it so far. */
  readonly uses: number;
  /** Who can open what it encrypts, see {@link KeyCache.sendingKey}. */
  readonly holders: string;
}

/**
 * Message keys by direction (spec §11.1). Keys we made and keys we received are kept apart, so that nothing from the
 * network can ever become a key that we encrypt with (spec §14.2 #18).
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
   * The key for the next message in a direction, counted as used; undefined if a new one is due: by age, by count, or
   * because other people are to open the message than those who have the key. Who left a group must not read on, and who
   * joined need not read what was before.
   *
   * @param holders - a text that stands for the set of receivers
   */
  sendingKey(sender: ID, destination: ID, holders: string): MaybePromise<SymmetricKey | undefined> {
    const direction = directionKey(sender, destination);
    const found = this.#sending.get(direction);
    if (found === undefined || found.holders !== holders || this.isDue(found)) return undefined;
    this.#sending.set(direction, { ...found, uses: found.uses + 1 });
    return found.key;
  }

  /** Takes a key of our own into use; its first message counts. */
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

  /** Keys received from a sender for a destination, newest first. */
  receivedKeys(sender: ID, destination: ID): MaybePromise<readonly SymmetricKey[]> {
    return this.#received.get(directionKey(sender, destination)) ?? [];
  }

  /** Remembers a key that opened a message of this direction. Only the transceiver calls it, after every check. */
  learnReceivedKey(sender: ID, destination: ID, key: SymmetricKey): MaybePromise<void> {
    if (destination.isBroadcast) return;
    const direction = directionKey(sender, destination);
    const known = this.#received.get(direction) ?? [];
    if (known[0]?.equals(key)) return;
    const others = known.filter((each) => !each.equals(key));
    this.#received.set(direction, [key, ...others].slice(0, RECEIVED_KEYS));
  }

  /** Lets the next message in a direction have a new key, for example after a member has left. */
  rotate(sender: ID, destination: ID): MaybePromise<void> {
    this.#sending.delete(directionKey(sender, destination));
  }

  /** Forgets a part of the directions, half by default. A forgotten key of our own is replaced by a new one. */
  reduceMemory(part?: Reduction): void {
    this.#sending.reduce(part);
    this.#received.reduce(part);
  }

  /** Whether a key has served long enough. */
  protected isDue(key: Pick<SendingKey, 'created' | 'uses'>): boolean {
    const { maxMessages, maxAge } = this.rotation;
    const age = this.#clock.now() - key.created;
    // A clock that was set back must not keep a key in use for ever.
    return key.uses >= maxMessages || age >= maxAge || age < 0;
  }
}
