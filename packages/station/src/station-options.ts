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

/** What a station is made with. */
export interface StationOptions {
  /** The station's own identity, and what it knows of everybody. */
  readonly facebook: Facebook;
  /** The station: a user of the facebook, of the kind `EntityType.Station`. */
  readonly id: ID;
  /** Where inboxes are kept; the store of the facebook by default. */
  readonly store?: Store;
  /** What answers commands; without it only handshakes are answered. */
  readonly commands?: CommandProcessor;
  readonly blocking?: Blocking;
  readonly names?: Names;
  readonly neighbours?: Neighbours;
  readonly policy?: Policy;
  /** Who may know whether somebody is there; by default, whom the station has seen them write to. */
  readonly acquaintances?: Acquaintance;
  /** What the station grants; the others have their defaults. Not with a `keeper`, which has limits of its own. */
  readonly limits?: Partial<Limits>;
  /** Bytes that the disk has room for, as known lately: with little room, everybody's share of it is small. */
  readonly room?: () => number | undefined;
  /** Who keeps everybody within the limits, if the listener has one already. */
  readonly keeper?: RateLimiter;
  /** How far the time of a message may be off; that of clients by default (spec §11.12). */
  readonly freshness?: FreshnessPolicy;
  /** That of the facebook by default. */
  readonly clock?: Clock;
  readonly timers?: Timers;
  readonly random?: Random;
  readonly logger?: Logger;
  readonly metrics?: StationMetrics;
}
