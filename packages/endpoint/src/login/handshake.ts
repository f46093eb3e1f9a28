import type { Clock } from '@dimp/core';
import type { HandshakeBody } from '@dimp/dkd/commands';
import { ProtocolError } from '@dimp/foundation';
import { EntityType, type ID, sameEntity } from '@dimp/mkm';
import type { DirectCommand } from '../commands/command.ts';

/** The station wants its session key back, signed by the user. */
export interface ProveStep {
  readonly kind: 'prove';
  readonly station: ID;
  readonly session: string;
}

/** The station lets the user in. */
export interface AcceptedStep {
  readonly kind: 'accepted';
  readonly station: ID;
  /** How many keys the station had given. */
  readonly keys: number;
}

/** Longest session key that is given back, in UTF-16 units; stations make 64 of them (spec §11.6). */
const MAX_SESSION_KEY = 1024;
/** Most keys in a time, in milliseconds: each of them makes us encrypt and sign. */
const MAX_KEYS = 8;
const KEYS_INTERVAL = 60_000;

/**
 * The client's side of logging in over one connection (spec §11.6): which steps count, and what to answer.
 *
 * Only the station that was dialled may ask us to prove who we are, because another one could pass our answer on and be
 * logged in as us (spec §14.1 #9). Who signs a step is proven before it comes here.
 */
export class StationHandshake {
  readonly #user: ID;
  readonly #clock: Clock;
  readonly #keys: number[] = [];
  #station: ID | undefined;
  #session: string | undefined;
  #given = 0;
  /** The last key was given back, and the station has not let the user in since. */
  #isProving = false;

  /** @param station - who has to be there; undefined if it may be anybody, who then has to stay */
  constructor(user: ID, station: ID | undefined, clock: Clock) {
    this.#user = user;
    this.#station = station;
    this.#clock = clock;
  }

  /** The station, as soon as it is known. */
  get station(): ID | undefined {
    return this.#station;
  }

  /**
   * Takes in a step.
   *
   * @returns what it asks for; undefined for one that does not count
   * @throws `policy/unauthorized` if another station answers first than has to be there; `transport/protocol` for a key
   *   that is none; `policy/rate-limited` for too many of them
   */
  take({ envelope, content }: DirectCommand<HandshakeBody>): ProveStep | AcceptedStep | undefined {
    const { sender, receiver } = envelope;
    const { state, session } = content.body;
    if (sender.type !== EntityType.Station || sender.isBroadcast) return undefined;
    if (!sameEntity(receiver, this.#user)) return undefined;
    if (state === 'again' && session !== undefined) return this.#again(sender, session);
    if (state !== 'success' || this.#session === undefined) return undefined;
    if (this.#station === undefined || !sameEntity(sender, this.#station)) return undefined;
    // Stations of 0.8 do not repeat the key (spec §9.4).
    if (session !== undefined && session !== this.#session) return undefined;
    this.#isProving = false;
    return { kind: 'accepted', station: sender, keys: this.#given };
  }

  /** Whether the station has not asked again since it has let the user in. */
  isLast({ keys }: AcceptedStep): boolean {
    return keys === this.#given;
  }

  #again(sender: ID, session: string): ProveStep | undefined {
    const station = this.#station ?? sender;
    if (!sameEntity(sender, station)) {
      // Once the station has answered, others can only write to us through it.
      if (this.#session !== undefined) return undefined;
      throw new ProtocolError('policy/unauthorized', 'another station answers at this address', {
        details: { expected: station.text, station: sender.text },
      });
    }
    if (session === '' || session.length > MAX_SESSION_KEY) {
      throw new ProtocolError('transport/protocol', 'session key must have 1 to 1024 characters');
    }
    // It asks once for each message that it does not take; many may have been under way.
    if (this.#isProving && session === this.#session) return undefined;
    this.#limit();
    this.#station = station;
    this.#session = session;
    this.#given += 1;
    this.#isProving = true;
    return { kind: 'prove', station, session };
  }

  #limit(): void {
    const now = this.#clock.now();
    const [first] = this.#keys;
    if (this.#keys.length === MAX_KEYS && first !== undefined && now - first < KEYS_INTERVAL) {
      throw new ProtocolError('policy/rate-limited', 'the station asks for too many proofs');
    }
    this.#keys.push(now);
    if (this.#keys.length > MAX_KEYS) this.#keys.shift();
  }
}
