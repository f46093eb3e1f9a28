import type { Clock } from '@dimp/core';
import { addressKey, networkKey, TokenBucket } from '@dimp/core/transport';
import { disposeSymbol, LruMap, ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { type LimitName, type Limits, NETWORK_SHARE, type RateName } from './limits.ts';

/** Options for {@link RateLimiter}. */
export interface RateLimiterOptions {
  readonly limits: Limits;
  readonly clock: Clock;
  /** Counts exceeded limits, such as the metrics of the station. */
  readonly metrics?: LimitMetrics;
  /** Most buckets for each limit; 65,536 by default. */
  readonly capacity?: number;
}

/** Counts exceeded limits. */
export interface LimitMetrics {
  limited(limit: LimitName): void;
}

/** A charge to one limit. */
interface Use {
  readonly limit: RateName;
  readonly key: string;
  readonly amount: number;
  /** Factor by which the limit is larger for this key; 1 by default. */
  readonly share?: number;
}

const CAPACITY = 65_536;

/**
 * Keeps connections, addresses and users within {@link Limits}. It remembers a bounded number of recently active ones.
 * One that was dropped starts with a full burst again, which is less than a second address would get.
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
   * Counts a new connection, before anything is read from it.
   *
   * @param address - as reported by the socket
   * @returns a handle to dispose of when the connection has ended
   * @throws `policy/rate-limited`; the caller closes the connection
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

  /** Number of open connections. */
  get connections(): number {
    return this.#connections;
  }

  /**
   * Charges a message before it is processed. A refused message is not charged.
   *
   * @param user - the user of its connection, unless it is a neighbour that relays for others
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
   * Charges signatures before they are verified.
   *
   * @param user - the user of the connection, if logged in
   * @param cost - of all of them, in verifications with RSA-2048
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
   * Charges the copies of a group message before they are made. An address has twice the limit of one user.
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
   * Charges an HTTP request before it is processed.
   *
   * @throws `policy/rate-limited`
   */
  request(address: string): void {
    this.#take(ofAddress(address, 'httpRequestRate', 1));
  }

  /**
   * Charges a handshake.
   *
   * @throws `policy/rate-limited`
   */
  handshake(address: string): void {
    this.#take(ofAddress(address, 'handshakeRate', 1));
  }

  /**
   * Charges a new identity in the directory.
   *
   * @throws `policy/rate-limited`
   */
  identity(address: string): void {
    this.#take(ofAddress(address, 'identityRate', 1));
  }

  /**
   * Charges a command.
   *
   * @throws `policy/rate-limited`
   */
  command(user: ID): void {
    this.#take([{ limit: 'commandRate', key: user.entity, amount: 1 }]);
  }

  /**
   * Charges a search.
   *
   * @throws `policy/rate-limited`
   */
  search(user: ID): void {
    this.#take([{ limit: 'searchRate', key: user.entity, amount: 1 }]);
  }

  /** Drops half of the buckets when the host is short of memory. */
  reduceMemory(): void {
    for (const buckets of this.#buckets.values()) buckets.reduce();
  }

  /**
   * Creates and counts the error for an exceeded limit.
   *
   * @param retryAfter - milliseconds after which the peer may try again, if known
   */
  refusal(limit: LimitName, retryAfter?: number): ProtocolError<'policy/rate-limited'> {
    this.#metrics?.limited(limit);
    return new ProtocolError('policy/rate-limited', `the limit ${limit} is exceeded`, {
      details: { limit, ...(retryAfter === undefined ? {} : { retryAfter }) },
    });
  }

  /** Charges all limits or none: a message refused by one limit must not use up another. */
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

/** Charges an address and its network, which has a larger limit. */
function ofAddress(address: string, limit: RateName, amount: number): Use[] {
  const key = addressKey(address);
  const network = networkKey(key);
  const uses: Use[] = [{ limit, key, amount }];
  if (network !== key) uses.push({ limit, key: network, amount, share: NETWORK_SHARE });
  return uses;
}
