import type { Clock, Random, Transport } from '@dimp/core';
import type { RemoteAddress } from '@dimp/core/transport';
import { encodeHex, equalBytes, utf8Encode } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';
import type { CommandSession } from '../commands/command.ts';
import type { Sink } from './sink.ts';

/** Events of a {@link Session}. */
export interface SessionEvents {
  /** Pushing messages to the session has started or stopped. */
  activityChanged(session: Session): void;
}

/** Bytes of a session key (spec §11.6). */
const KEY_BYTES = 32;
/** Answers that a client may leave unacknowledged; one more ends the connection. */
const MAX_POSTS = 512;

/** A connection and its user. */
export class Session implements CommandSession, Sink {
  readonly id: string;
  readonly transport: Transport;
  readonly remote: RemoteAddress;
  /** Start of the connection, in milliseconds since the epoch. */
  readonly connected: number;
  /** Whether the station's meta and visa were sent over it. */
  introduced = false;
  /** Number of malformed messages, and of messages that the user may not send. */
  faults = 0;
  /** Time of the last challenge, in milliseconds since the epoch. */
  challengedAt = 0;
  readonly #clock: Clock;
  readonly #events: SessionEvents;
  #key: string | undefined;
  #starter: ID | undefined;
  #user: ID | undefined;
  #neighbour = false;
  #active = false;
  #posts = 0;
  #closing = false;
  #closed = false;
  #unsettled = 0;
  #settles: (() => void) | undefined;
  /** Unacknowledged pushes, and the time of the last acknowledgement, in milliseconds since the epoch. */
  #pushes = 0;
  #silentSince = 0;

  constructor(
    id: string,
    transport: Transport,
    remote: RemoteAddress,
    clock: Clock,
    events: SessionEvents,
  ) {
    this.id = id;
    this.transport = transport;
    this.remote = remote;
    this.connected = clock.now();
    this.#clock = clock;
    this.#events = events;
  }

  get user(): ID | undefined {
    return this.#user;
  }

  get neighbour(): boolean {
    return this.#neighbour;
  }

  get kind(): 'device' | 'neighbour' {
    return this.#neighbour ? 'neighbour' : 'device';
  }

  /** Whether messages are pushed to it. */
  get active(): boolean {
    return this.#active && !this.#closing;
  }

  /**
   * Returns the session key for the login of a user. It is sent to this user only; for another user there is a new one.
   */
  keyFor(user: ID, random: Random): string {
    if (
      this.#key === undefined ||
      this.#starter === undefined ||
      !sameEntity(this.#starter, user)
    ) {
      this.#key = encodeHex(random.bytes(KEY_BYTES));
      this.#starter = user;
    }
    return this.#key;
  }

  /** Whether a key is the session key of a user. Compares in constant time. */
  acceptsKey(user: ID, key: string): boolean {
    if (this.#key === undefined || this.#starter === undefined) return false;
    if (!sameEntity(this.#starter, user) || !/^[0-9a-f]{64}$/.test(key)) return false;
    return equalBytes(utf8Encode(this.#key), utf8Encode(key));
  }

  /** Sets the logged-in user. */
  bind(user: ID, neighbour: boolean): void {
    this.#user = user;
    this.#neighbour = neighbour;
    this.transport.limitPayloads?.(undefined);
  }

  setActive(active: boolean): void {
    if (this.#user === undefined || this.#active === active) return;
    this.#active = active;
    this.#events.activityChanged(this);
  }

  /** Number of payloads that are being stored. */
  get unsettled(): number {
    return this.#unsettled;
  }

  /** A payload has arrived. */
  payloadStarted(): void {
    this.#unsettled += 1;
  }

  /** A payload is acknowledged or refused. */
  payloadSettled(): void {
    this.#unsettled -= 1;
    this.#settles?.();
  }

  /** Waits until fewer payloads are being stored. */
  async waitBelow(count: number): Promise<void> {
    while (this.#unsettled >= count) {
      await new Promise<void>((resolve) => {
        this.#settles = resolve;
      });
    }
    this.#settles = undefined;
  }

  async send(payload: Uint8Array): Promise<void> {
    if (this.#pushes === 0) this.#silentSince = this.#clock.now();
    this.#pushes += 1;
    await this.transport.send(payload);
    this.#pushes -= 1;
    this.#silentSince = this.#clock.now();
  }

  /** Milliseconds for which pushes have been unacknowledged. */
  get silence(): number {
    return this.#pushes === 0 ? 0 : this.#clock.now() - this.#silentSince;
  }

  /** Sends an answer without waiting for its acknowledgement. */
  post(payload: Uint8Array): void {
    if (this.#closing) return;
    if (this.#posts >= MAX_POSTS) {
      this.close();
      return;
    }
    this.#posts += 1;
    this.transport.send(payload).then(
      () => {
        this.#posts -= 1;
      },
      () => this.close(),
    );
  }

  /** Whether the session was ended: nothing more is read from it. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Ends the connection, and reads nothing more from it. */
  close(): void {
    this.#closed = true;
    this.finish();
  }

  /** Ends the connection, but processes what has already arrived. */
  finish(): void {
    if (this.#closing) return;
    this.#closing = true;
    // Errors while closing have no consequences.
    this.transport.close().catch(() => {});
  }
}
