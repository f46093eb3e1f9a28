import type { Clock, Logger, Random, Store, Timers } from '@dimp/core';
import type { Facebook, FreshnessPolicy } from '@dimp/endpoint';
import type { ID } from '@dimp/mkm';
import type { CommandProcessor } from './commands/command.ts';
import type { Acquaintance } from './directory/acquaintances.ts';
import type { Blocking } from './directory/block-lists.ts';
import type { Names } from './directory/name-table.ts';
import type { Neighbours } from './federation/neighbours.ts';
import type { Policy } from './ingress/policy.ts';
import type { Limits } from './limits/limits.ts';
import type { RateLimiter } from './limits/rate-limiter.ts';
import type { StationMetrics } from './metrics/metrics.ts';

/** Options for {@link Station.open}. */
export interface StationOptions {
  /** The station's own identity, and the directory of all users that it knows. */
  readonly facebook: Facebook;
  /** The station: a user of the facebook with the type `EntityType.Station`. */
  readonly id: ID;
  /** Where inboxes are stored; the store of the facebook by default. */
  readonly store?: Store;
  /** Answers commands; without it only handshakes are answered. */
  readonly commands?: CommandProcessor;
  readonly blocking?: Blocking;
  readonly names?: Names;
  readonly neighbours?: Neighbours;
  readonly policy?: Policy;
  /** Decides who may learn whether a user is online; by default, those to whom the user has written. */
  readonly acquaintances?: Acquaintance;
  /** Limits that differ from {@link DEFAULT_LIMITS}. Not used with a `keeper`, which has its own limits. */
  readonly limits?: Partial<Limits>;
  /**
   * Recently measured free bytes of the disk. The less room there is, the smaller the share of each sender and address.
   */
  readonly room?: () => number | undefined;
  /** The rate limiter of the listener, if there is one. */
  readonly keeper?: RateLimiter;
  /**
   * How far the time of a message may differ from the station's clock; the policy of clients by default (spec §11.12).
   */
  readonly freshness?: FreshnessPolicy;
  /** The clock of the facebook by default. */
  readonly clock?: Clock;
  readonly timers?: Timers;
  readonly random?: Random;
  readonly logger?: Logger;
  readonly metrics?: StationMetrics;
}
