import type { Opening } from '@dimp/core';
import type { RemoteAddress } from '@dimp/core/transport';
import type { Content, Draft, Envelope, ReliableMessage } from '@dimp/dkd';
import type { MaybePromise, Reduction } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { Acquaintance } from '../directory/acquaintances.ts';
import type { Hold } from '../directory/eviction.ts';

/** A verified and decrypted command for the station. */
export interface StationCommand<Body = unknown> {
  readonly envelope: Envelope;
  readonly content: Content<string, Body>;
  /** The message as received, with its signature. */
  readonly message: ReliableMessage;
  /** How it was decrypted, and what that proves; undefined counts as unproven. */
  readonly opening?: Opening | undefined;
  /** Its position in the arrays of its message, for a command inside an array. */
  readonly place?: string;
  /** The connection that it came over; undefined for a command that the station finds in its store. */
  readonly session: CommandSession | undefined;
  /**
   * Sends answers later, without delaying the next messages of the connection.
   *
   * @param answers - if it rejects, nothing is sent
   */
  readonly later?: ((answers: Promise<readonly Draft[]>) => void) | undefined;
}

/** The connection that a command came over, as processors see it. */
export interface CommandSession {
  /** The logged-in user; undefined before login. */
  readonly user: ID | undefined;
  readonly remote: RemoteAddress;
  /** Whether the user is a station that the operator trusts to relay for others. */
  readonly neighbour: boolean;
  /** Starts or stops pushing messages to it (spec §9.8). Has no effect before login. */
  setActive(active: boolean): void;
}

/** Processes the commands of a station. */
export interface CommandProcessor {
  /** @returns the answers to the sender; undefined for a command that the processor does not handle */
  process(command: StationCommand): Promise<readonly Draft[] | undefined>;
  /**
   * Called before the meta attached to a message is stored.
   *
   * @param address - where the message comes from; undefined for relayed messages
   * @param neighbour - the neighbour that has relayed the message
   * @throws `policy/rate-limited` if the directory has no room for new identities
   */
  admit?(id: ID, address: string | undefined, neighbour?: ID): Promise<void>;
  /** Called once by the station: sets the function that says whom a full directory must not forget. */
  holdBy?(hold: (id: ID) => MaybePromise<Hold | undefined>): void;
  /** Called when a user has logged in. */
  loggedIn?(user: ID): void;
  /**
   * Deletes everything stored about an entity.
   *
   * @throws `format/field` for a user of this machine; `store/` codes
   */
  forget?(id: ID): Promise<void>;
  /** Whether contents of a kind are handled; without this method, all are. */
  handles?(kind: string): boolean;
  /** Decides who may locate a user; the station tells it who writes to whom. */
  readonly acquaintances?: Acquaintance;
  /** Drops a part of the caches, half by default. Called periodically by the station. */
  reduceMemory?(part?: Reduction): void;
}
