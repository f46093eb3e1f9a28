import type { Clock, Random, Transport } from '@dimp/core';
import type { RemoteAddress } from '@dimp/core/transport';
import { encodeHex, equalBytes, utf8Encode } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';
import type { CommandSession } from '../commands/command.ts';
import type { Sink } from './sink.ts';

/** What a session tells of itself. */
export interface SessionEvents {
  /** Whether messages are pushed to it has changed. */
  activityChanged(session: Session): void;
}

/** Bytes of a session key (spec §11.6). */
const KEY_BYTES = 32;
/** Answers that a client may leave unacknowledged; one that leaves more does not listen. */
const MAX_POSTS = 512;

/** A connection, and who has logged in over it. */
export class Session implements CommandSession, Sink {
  readonly id: string;
  readonly transport: Transport;
  readonly remote: RemoteAddress;
  /** When it began, in milliseconds since the epoch. */
  readonly connected: number;
  /** Whether the station's meta and visa have been sent over it. */
  introduced = false;
  /** Messages over it that were no messages at all. */
  faults = 0;
  /** When it was last asked to log in or for a meta, in milliseconds since the epoch. */
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
  /** Pushes that are not acknowledged, and since when nothing has been acknowledged, in milliseconds since the epoch. */
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
   * The key that somebody has to show for logging in. It is told to him only: when another one begins, there is a new one.
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

  /** Whether somebody shows the key that he was told. It takes as long for a wrong one. */
  acceptsKey(user: ID, key: string): boolean {
    if (this.#key === undefined || this.#starter === undefined) return false;
    if (!sameEntity(this.#starter, user) || !/^[0-9a-f]{64}$/.test(key)) return false;
    return equalBytes(utf8Encode(this.#key), utf8Encode(key));
  }

  /** Somebody has logged in. */
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

  /** Payloads that are on their way to the disk. */
  get unsettled(): number {
    return this.#unsettled;
  }

  /** A payload has come. */
  payloadStarted(): void {
    this.#unsettled += 1;
  }

  /** A payload is done with. */
  payloadSettled(): void {
    this.#unsettled -= 1;
    this.#settles?.();
  }

  /** Waits until fewer payloads than so many are on their way. */
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

  /** For how long it has left pushes unacknowledged, in milliseconds. */
  get silence(): number {
    return this.#pushes === 0 ? 0 : this.#clock.now() - this.#silentSince;
  }

  /** Sends an answer, which nobody waits for. */
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

  /** Whether it was cut off: nothing more is taken from it. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Ends the connection, and takes nothing more from it. */
  close(): void {
    this.#closed = true;
    this.finish();
  }

  /** Ends the connection; what has come over it is taken in. */
  finish(): void {
    if (this.#closing) return;
    this.#closing = true;
    // What goes wrong while closing is of no interest any more.
    this.transport.close().catch(() => {});
  }
}
