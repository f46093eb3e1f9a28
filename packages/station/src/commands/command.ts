import type { Opening } from '@dimp/core';
import type { RemoteAddress } from '@dimp/core/transport';
import type { Content, Draft, Envelope, ReliableMessage } from '@dimp/dkd';
import type { MaybePromise, Reduction } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { Acquaintance } from '../directory/acquaintances.ts';
import type { Hold } from '../directory/eviction.ts';

/** A command for the station, verified and opened. */
export interface StationCommand<Body = unknown> {
  readonly envelope: Envelope;
  readonly content: Content<string, Body>;
  /** The message as received: others may have to see its signature. */
  readonly message: ReliableMessage;
  /** How it was opened, and what that proves; undefined counts as nothing proven. */
  readonly opening?: Opening | undefined;
  /** Its place among the contents of its message, for one inside of arrays. */
  readonly place?: string;
  /** The connection it came over; undefined for one that the station finds in its store. */
  readonly session: CommandSession | undefined;
  /**
   * Answers when more is known, without holding up what comes next over the connection.
   *
   * @param answers - if it fails, there are none
   */
  readonly later?: ((answers: Promise<readonly Draft[]>) => void) | undefined;
}

/** The connection that a command came over, as processors may see it. */
export interface CommandSession {
  /** Who has logged in; undefined before. */
  readonly user: ID | undefined;
  readonly remote: RemoteAddress;
  /** Whether a station logged in that the operator trusts to relay for others. */
  readonly neighbour: boolean;
  /** Whether messages are pushed to it (spec §9.8); without effect before login. */
  setActive(active: boolean): void;
}

/** What a station does with commands. */
export interface CommandProcessor {
  /** @returns what to answer the sender; undefined for a command that is none of its own */
  process(command: StationCommand): Promise<readonly Draft[] | undefined>;
  /**
   * Asked before a meta that a message brings along is kept.
   *
   * @param address - where it comes from; undefined for what a neighbour relays
   * @param neighbour - that neighbour
   * @throws `policy/rate-limited` if there is no room for strangers
   */
  admit?(id: ID, address: string | undefined, neighbour?: ID): Promise<void>;
  /** Told once by the station that it works for: whom a full directory must not forget. */
  holdBy?(hold: (id: ID) => MaybePromise<Hold | undefined>): void;
  /** Somebody has logged in. */
  loggedIn?(user: ID): void;
  /**
   * Forgets everything that it keeps of somebody.
   *
   * @throws `format/field` for a user of this machine; `store/` codes
   */
  forget?(id: ID): Promise<void>;
  /** Whether it knows what to do with contents of a kind; without it, with all. */
  handles?(kind: string): boolean;
  /** Who may know where somebody is; the station tells it who writes to whom. */
  readonly acquaintances?: Acquaintance;
  /** Forgets a part of what is in memory, half by default; the station asks for it now and then. */
  reduceMemory?(part?: Reduction): void;
}
