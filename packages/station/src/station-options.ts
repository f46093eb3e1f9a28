import type { Clock, Logger, Random, Store, Timers } from '@dimp/core';
import type { ReliableMessage } from '@dimp/dkd';
import type { Facebook, FreshnessPolicy } from '@dimp/endpoint';
import type { MaybePromise } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { CommandProcessor } from './commands/command.ts';
import type { Acquaintance } from './directory/acquaintances.ts';
import type { NeighbourLine } from './federation/neighbour-line.ts';
import type { Limits } from './limits/limits.ts';
import type { RateLimiter } from './limits/rate-limiter.ts';
import type { StationMetrics } from './metrics.ts';
import type { Policy } from './policy.ts';
import type { Sink } from './session/sink.ts';

/** Who wants no messages from whom (spec §11.11). */
export interface Blocking {
  /** Whether a receiver has blocked the sender, or the group that the message is for. */
  blocks(receiver: ID, sender: ID, group?: ID): MaybePromise<boolean>;
}

/** The address-name service as far as messages go through it (spec §11.10). */
export interface Names {
  /** The bot or user of a short name; undefined if nobody has it. */
  lookup(name: string): MaybePromise<ID | undefined>;
}

/** Other stations that the operator trusts. */
export interface Neighbours {
  /** Whether a station may relay messages of others. */
  trusts(station: ID): boolean;
  /** Ways to a user who is not connected here. */
  sinksOf(user: ID): readonly Sink[];
  /**
   * Passes a broadcast on to the neighbours.
   *
   * @param payload - the message as it is relayed
   * @returns when it is safe, here or there
   * @throws `store/` codes: the sender has to send it again
   */
  broadcast(message: ReliableMessage, payload: Uint8Array): Promise<void>;
  /** Whether a message has passed this station before (spec §11.8). */
  hasPassed?(message: ReliableMessage): boolean;
  /** There is a connection with a neighbour. May be told again of the same. */
  joined?(line: NeighbourLine): void;
  /** A connection has ended; it need not be one with a neighbour. */
  left?(line: string): void;
  /**
   * Asks a neighbour for the meta of somebody whose message it has relayed.
   *
   * @returns whether it has come; undefined if it cannot be asked
   */
  identify?(sender: ID, neighbour: ID): Promise<boolean> | undefined;
}

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
