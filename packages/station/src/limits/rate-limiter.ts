import type { Clock } from '@dimp/core';
import { addressKey, networkKey, TokenBucket } from '@dimp/core/transport';
import { disposeSymbol, LruMap, ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { type LimitName, type Limits, NETWORK_SHARE, type RateName } from './limits.ts';

/** What a {@link RateLimiter} is made with. */
export interface RateLimiterOptions {
  readonly limits: Limits;
  readonly clock: Clock;
  /** Counts the limits that were hit, such as the metrics of the station. */
  readonly metrics?: LimitMetrics;
  /** Most buckets of each limit, 65,536 by default. */
  readonly capacity?: number;
}

/** Counts the limits that were hit. */
export interface LimitMetrics {
  limited(limit: LimitName): void;
}

/** Something that takes of one limit. */
interface Use {
  readonly limit: RateName;
  readonly key: string;
  readonly amount: number;
  /** How many times the limit whoever is meant by the key has; once unless told. */
  readonly share?: number;
}

const CAPACITY = 65_536;

/**
 * Keeps connections, addresses and users within {@link Limits}. It remembers those who did something lately, up to a
 * bound: who is forgotten begins with a full burst again, which is less than what he gets by coming from one more address.
 */
export class RateLimiter {
  readonly limits: Limits;
  readonly #clock: Clock;
  readonly #metrics: LimitMetrics | undefined;
  readonly #capacity: number;
  readonly #buckets = new Map<RateName, LruMap<string, TokenBucket>>();
  readonly #open = new Map<string, number>();
  #connections = 0;

  constructor({ limits, clock, metrics, capacity = CAPACITY }: RateLimiterOptions) {
    this.limits = limits;
    this.#clock = clock;
    this.#metrics = metrics;
    this.#capacity = capacity;
  }

  /**
   * A connection is there: nothing has been read of it yet.
   *
   * @param address - as the socket says it
   * @returns to be disposed of when the connection has ended
   * @throws `policy/rate-limited`: close it
   */
  connect(address: string): Disposable {
    const key = addressKey(address);
    const open = this.#open.get(key) ?? 0;
    if (this.#connections >= this.limits.connections) throw this.refusal('connections');
    const network = networkKey(key);
    const { connectionsPerAddress } = this.limits;
    const ofNetwork = network === key ? 0 : (this.#open.get(network) ?? 0);
    if (open >= connectionsPerAddress || ofNetwork >= connectionsPerAddress * NETWORK_SHARE) {
      throw this.refusal('connectionsPerAddress');
    }
    this.#take(ofAddress(address, 'connectionRate', 1));
    this.#connections += 1;
    this.#open.set(key, open + 1);
    if (network !== key) this.#open.set(network, ofNetwork + 1);
    let gone = false;
    return {
      [disposeSymbol]: () => {
        if (gone) return;
        gone = true;
        this.#connections -= 1;
        this.#closed(key);
        if (network !== key) this.#closed(network);
      },
    };
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#connections;
  }

  /**
   * A message has come from an address, and nothing was done with it yet. What is refused takes nothing from the limits.
   *
   * @param user - who has logged in on its connection, unless he relays for others
   * @param bytes - length of the message
   * @throws `policy/rate-limited`, with `limit` and `retryAfter` (milliseconds) as details
   */
  message(address: string, user: ID | undefined, bytes: number): void {
    const uses: Use[] = [
      ...ofAddress(address, 'addressMessageRate', 1),
      ...ofAddress(address, 'addressByteRate', bytes),
    ];
    if (user !== undefined) {
      uses.push({ limit: 'userMessageRate', key: user.entity, amount: 1 });
      uses.push({ limit: 'userByteRate', key: user.entity, amount: bytes });
    }
    this.#take(uses);
  }

  /**
   * Signatures are to be verified that somebody chose, and none was yet.
   *
   * @param user - who has logged in on the connection, if anybody
   * @param cost - what all of them cost, in verifications with RSA-2048
   * @throws `policy/rate-limited`
   */
  verifications(address: string, user: ID | undefined, cost: number): void {
    const uses = ofAddress(address, 'addressVerificationRate', cost);
    if (user !== undefined) {
      uses.push({ limit: 'userVerificationRate', key: user.entity, amount: cost });
    }
    this.#take(uses);
  }

  /**
   * A message to a group is to be copied for its members. An address has twice what one user has.
   *
   * @param bytes - of all copies
   * @throws `policy/rate-limited`
   */
  copies(address: string, user: ID | undefined, bytes: number): void {
    const key = addressKey(address);
    const uses: Use[] = [{ limit: 'groupFanOutRate', key, amount: bytes, share: 2 }];
    if (user !== undefined) {
      uses.push({ limit: 'groupFanOutRate', key: user.entity, amount: bytes });
    }
    this.#take(uses);
  }

  /**
   * An HTTP request has come, and nothing was done for it yet.
   *
   * @throws `policy/rate-limited`
   */
  request(address: string): void {
    this.#take(ofAddress(address, 'httpRequestRate', 1));
  }

  /**
   * Somebody offers to log in.
   *
   * @throws `policy/rate-limited`
   */
  handshake(address: string): void {
    this.#take(ofAddress(address, 'handshakeRate', 1));
  }

  /**
   * The directory gets to know somebody.
   *
   * @throws `policy/rate-limited`
   */
  identity(address: string): void {
    this.#take(ofAddress(address, 'identityRate', 1));
  }

  /**
   * A user asks the station for something.
   *
   * @throws `policy/rate-limited`
   */
  command(user: ID): void {
    this.#take([{ limit: 'commandRate', key: user.entity, amount: 1 }]);
  }

  /**
   * A user searches.
   *
   * @throws `policy/rate-limited`
   */
  search(user: ID): void {
    this.#take([{ limit: 'searchRate', key: user.entity, amount: 1 }]);
  }

  /** Forgets half of the buckets, for the host's memory pressure signal. */
  reduceMemory(): void {
    for (const buckets of this.#buckets.values()) buckets.reduce();
  }

  /**
   * Makes the error that a limit refuses with, and counts it.
   *
   * @param retryAfter - milliseconds after which it may be tried again, where that is known
   */
  refusal(limit: LimitName, retryAfter?: number): ProtocolError<'policy/rate-limited'> {
    this.#metrics?.limited(limit);
    return new ProtocolError('policy/rate-limited', `more than ${limit} allows`, {
      details: { limit, ...(retryAfter === undefined ? {} : { retryAfter }) },
    });
  }

  /** All or nothing: a message that one limit refuses must not use up another. */
  #take(uses: readonly Use[]): void {
    const now = this.#clock.now();
    const buckets = uses.map((use) => this.#bucket(use, now));
    for (const [index, { limit, amount }] of uses.entries()) {
      const wait = buckets[index]?.wait(amount, now) ?? 0;
      if (wait > 0) throw this.refusal(limit, wait);
    }
    for (const [index, { amount }] of uses.entries()) buckets[index]?.spend(amount, now);
  }

  #bucket({ limit, key, share = 1 }: Use, now: number): TokenBucket {
    let buckets = this.#buckets.get(limit);
    if (buckets === undefined) {
      buckets = new LruMap(this.#capacity);
      this.#buckets.set(limit, buckets);
    }
    let bucket = buckets.get(key);
    if (bucket === undefined) {
      const { perSecond, burst } = this.limits[limit];
      bucket = new TokenBucket({ perSecond: perSecond * share, burst: burst * share }, now);
      buckets.set(key, bucket);
    }
    return bucket;
  }

  #closed(key: string): void {
    const left = (this.#open.get(key) ?? 1) - 1;
    if (left === 0) this.#open.delete(key);
    else this.#open.set(key, left);
  }
}

/** An address pays, and so does its network, which has more. */
function ofAddress(address: string, limit: RateName, amount: number): Use[] {
  const key = addressKey(address);
  const network = networkKey(key);
  const uses: Use[] = [{ limit, key, amount }];
  if (network !== key) uses.push({ limit, key: network, amount, share: NETWORK_SHARE });
  return uses;
}
