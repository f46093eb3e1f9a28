import type { Clock } from '@dimp/core';
import type { HandshakeBody } from '@dimp/dkd/commands';
import { ProtocolError } from '@dimp/foundation';
import { EntityType, type ID, sameEntity } from '@dimp/mkm';
import type { DirectCommand } from '../commands/command.ts';

/** The station asks the user to sign its session key. */
export interface ProveStep {
  readonly kind: 'prove';
  readonly station: ID;
  readonly session: string;
}

/** The station has accepted the login. */
export interface AcceptedStep {
  readonly kind: 'accepted';
  readonly station: ID;
  /** Number of session keys that the station had sent. */
  readonly keys: number;
}

/** Maximum length of a session key in UTF-16 units. Stations use 64 characters (spec §11.6). */
const MAX_SESSION_KEY = 1024;
/** Maximum number of session keys per interval, because each costs an encryption and a signature. */
const MAX_KEYS = 8;
const KEYS_INTERVAL_MS = 60_000;

/**
 * Client side of the login over one connection (spec §11.6): decides which steps count and how to answer.
 *
 * Only the dialled station may ask for a proof. Another station could forward the proof and log in as the user (spec §14.1 #9). The
 * signature of each step has been verified before.
 */
export class StationHandshake {
  readonly #user: ID;
  readonly #clock: Clock;
  readonly #keys: number[] = [];
  #station: ID | undefined;
  #session: string | undefined;
  #given = 0;
  /** Whether the last key was signed and the station has not accepted the login since. */
  #isProving = false;

  /** @param station - the expected station; undefined accepts the first one that answers, and no other afterwards */
  constructor(user: ID, station: ID | undefined, clock: Clock) {
    this.#user = user;
    this.#station = station;
    this.#clock = clock;
  }

  /** The station, once it is known. */
  get station(): ID | undefined {
    return this.#station;
  }

  /**
   * Processes a step.
   *
   * @returns what the step asks for; undefined for a step that does not count
   * @throws `policy/unauthorized` if another station than the expected one answers first; `transport/protocol` for an invalid
   *   session key; `policy/rate-limited` for too many session keys
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

  /** Whether the station has not asked again since it accepted the login. */
  isLast({ keys }: AcceptedStep): boolean {
    return keys === this.#given;
  }

  #again(sender: ID, session: string): ProveStep | undefined {
    const station = this.#station ?? sender;
    if (!sameEntity(sender, station)) {
      // After the station has answered, other stations can only write through it.
      if (this.#session !== undefined) return undefined;
      throw new ProtocolError('policy/unauthorized', 'another station answers at this address', {
        details: { expected: station.text, station: sender.text },
      });
    }
    if (session === '' || session.length > MAX_SESSION_KEY) {
      throw new ProtocolError('transport/protocol', 'session key must have 1 to 1024 characters');
    }
    // The station asks once for each message that it refuses, and many may have been in flight.
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
    if (this.#keys.length === MAX_KEYS && first !== undefined && now - first < KEYS_INTERVAL_MS) {
      throw new ProtocolError('policy/rate-limited', 'the station asks for too many proofs');
    }
    this.#keys.push(now);
    if (this.#keys.length > MAX_KEYS) this.#keys.shift();
  }
}
