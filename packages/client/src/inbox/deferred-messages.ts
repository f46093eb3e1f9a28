import { type Clock, type Timers, type Waiting, waiting } from '@dimp/core';
import { disposeSymbol, ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { NOTHING, type Received, together } from './answer.ts';
import { type DeferredMessage, deferredMessage, type Room, remaining } from './deferred.ts';
import type { DeferredStore, StoredMessage, StoredPlace } from './deferred-store.ts';
import { MAX_VARIANTS, messageOfVariant, variantOf } from './variants.ts';

/** What came of a message. */
export interface Taken extends Received {
  /** Where it waits now. */
  readonly waits?: Room;
}

/** What {@link DeferredMessages} are made with. */
export interface DeferredMessagesOptions {
  readonly rooms: Readonly<Record<Room, DeferredStore>>;
  readonly timers: Timers;
  readonly clock: Clock;
  /** How long a message waits for the one before it, in milliseconds since its arrival. */
  readonly orderTimeout: number;
  readonly readID: (text: unknown) => ID;
  /** Whether a message has been taken in, by name. */
  readonly isSeen: (id: string) => Promise<boolean>;
  readonly ask: (missing: Waiting) => Promise<void>;
  /**
   * Takes in a message that has waited.
   *
   * @param late - the message before it will not be waited for any longer
   */
  readonly take: (text: string, late: boolean) => Promise<Taken>;
  /** Takes something in by the clock, when nothing else is being taken in, and sends what came of it. */
  readonly later: (task: () => Promise<Received>) => Promise<void>;
  /** Told of each message that begins to wait. */
  readonly onDeferred: (message: DeferredMessage) => void;
}

/** When messages are tried again that had waited, and then met a full inbox or a store that fails, in milliseconds. */
const TRY_AGAIN = 60_000;

/**
 * Messages that cannot be taken in yet, and when they are tried again. Whoever carried them here may have been told that
 * they arrived, and does not bring them again.
 */
export class DeferredMessages {
  readonly #options: DeferredMessagesOptions;
  /** What is tried again by the clock, by room and key. */
  readonly #timers = new Map<string, Disposable>();
  #stopped = false;

  constructor(options: DeferredMessagesOptions) {
    this.#options = options;
  }

  /**
   * Whether a message waits for another one, or the very same copy of it for something of somebody.
   *
   * @param variant - which copy it is
   * @throws `policy/rate-limited` if enough other copies of it wait: this one has to come again
   */
  async has(id: string, variant: () => string): Promise<boolean> {
    const { suspended, early } = this.#options.rooms;
    if (await early.has(id)) return true;
    const copies = (await suspended.places()).filter((place) => messageOfVariant(place.id) === id);
    if (copies.length === 0) return false;
    const name = variantOf(id, variant());
    if (copies.some((place) => place.id === name || place.id === id)) return true;
    if (copies.length < MAX_VARIANTS) return false;
    throw new ProtocolError('policy/rate-limited', 'too many copies of one message wait');
  }

  /** The messages that wait, in order of arrival. */
  async list(): Promise<readonly DeferredMessage[]> {
    const found: DeferredMessage[] = [];
    for (const [name, room] of Object.entries(this.#options.rooms)) {
      for (const place of await room.places()) found.push(this.#describe(name as Room, place));
    }
    return found.sort((a, b) => a.since - b.since);
  }

  /** Lets a message wait. */
  async add(room: Room, message: StoredMessage): Promise<Taken> {
    const { rooms, onDeferred } = this.#options;
    const { added, dropped } = await rooms[room].add(message);
    for (const { key } of dropped) {
      if (!(await rooms[room].keys()).includes(key)) this.#cancel(room, key);
    }
    if (room === 'early') await this.#giveUpLater(message.key);
    if (added !== undefined) onDeferred(this.#describe(room, added));
    return { ...NOTHING, waits: room };
  }

  /**
   * Takes in what waits in a room under one key. What cannot be taken in yet stays, or goes to another room.
   *
   * @param late - the message before them will not be waited for any longer
   */
  async takeUp(room: Room, key: string, late = false): Promise<Received> {
    this.#cancel(room, key);
    const { rooms, take } = this.#options;
    const received: Received[] = [];
    let isDone = false;
    try {
      let isFull = false;
      for (const message of await rooms[room].of(key)) {
        const taken = await take(message.text, late);
        received.push(taken);
        if (taken.noRoom) isFull = true;
        else if (taken.waits !== room) await rooms[room].remove(message);
      }
      isDone = !isFull;
    } finally {
      if (!isDone) this.#takeUpLater(TRY_AGAIN, room, key, late);
    }
    return together(received);
  }

  /**
   * Reads what is on disk, and looks after what an earlier run of the program, or another tab, has left there.
   *
   * @param oldest - see {@link DeferredMessages.tend}
   */
  async restore(oldest: number): Promise<Received> {
    const { rooms, isSeen } = this.#options;
    for (const room of Object.values(rooms)) await room.load();
    await this.#expire(oldest);
    const received = [await this.#takeUpAll('suspended')];
    for (const key of await rooms.early.keys()) {
      if (await isSeen(key)) received.push(await this.takeUp('early', key));
    }
    received.push(await this.#giveUp());
    received.push(await this.#takeUpDue());
    return together(received);
  }

  /**
   * Called every few minutes, and when the network is back: takes in those whose time has come, and forgets those that
   * have waited too long. Timers alone do not suffice: they stand still while the machine sleeps.
   *
   * @param oldest - milliseconds since the epoch: what came before would be refused as too old
   */
  async tend(oldest: number): Promise<Received> {
    await this.#expire(oldest);
    return together([await this.#giveUp(), await this.#takeUpDue()]);
  }

  /** Asks again for what messages wait for. */
  async askAgain(): Promise<void> {
    const { rooms, readID, ask } = this.#options;
    for (const key of await rooms.suspended.keys()) {
      const id = readID(key);
      await ask(waiting(id.isGroup ? 'members' : 'meta', id));
    }
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) timer[disposeSymbol]();
    this.#timers.clear();
  }

  /** Takes in those whose time has come. A clock that was set back makes nothing wait longer: it is looked at again. */
  async #takeUpDue(): Promise<Received> {
    const { rooms, clock } = this.#options;
    const now = clock.now();
    const due = new Set<string>();
    for (const place of await rooms.ahead.places()) {
      if ((place.due ?? 0) <= now || now < Math.floor(place.arrived)) due.add(place.key);
    }
    const received: Received[] = [];
    for (const key of due) received.push(await this.takeUp('ahead', key));
    return together(received);
  }

  async #expire(oldest: number): Promise<void> {
    for (const room of Object.values(this.#options.rooms)) await room.expire(oldest);
  }

  /** Takes in those that have waited long enough for the message before them; the others have to wait for the rest of it. */
  async #giveUp(): Promise<Received> {
    const { rooms, clock, orderTimeout } = this.#options;
    const received: Received[] = [];
    const first = new Map<string, number>();
    for (const { key, arrived } of await rooms.early.places()) {
      if (!first.has(key)) first.set(key, arrived);
    }
    for (const [key, since] of first) {
      const delay = remaining(clock, since, orderTimeout);
      if (delay > 0) this.#takeUpLater(delay, 'early', key, true);
      else received.push(await this.takeUp('early', key, true));
    }
    return together(received);
  }

  /** No message waits for ever for the one before it, which its sender may have given up. */
  async #giveUpLater(key: string): Promise<void> {
    const { rooms, clock, orderTimeout } = this.#options;
    const since = await rooms.early.firstArrival(key);
    if (since === undefined) return;
    this.#takeUpLater(remaining(clock, since, orderTimeout), 'early', key, true);
  }

  #describe(room: Room, place: StoredPlace): DeferredMessage {
    const { orderTimeout, readID } = this.#options;
    return deferredMessage(room, place, orderTimeout, readID);
  }

  async #takeUpAll(room: Room): Promise<Received> {
    const received: Received[] = [];
    for (const key of await this.#options.rooms[room].keys()) {
      received.push(await this.takeUp(room, key));
    }
    return together(received);
  }

  #takeUpLater(delay: number, room: Room, key: string, late: boolean): void {
    const name = nameOf(room, key);
    if (this.#stopped || this.#timers.has(name)) return;
    const { timers, later } = this.#options;
    const timer = timers.after(delay, () => later(() => this.takeUp(room, key, late)));
    this.#timers.set(name, timer);
  }

  #cancel(room: Room, key: string): void {
    const name = nameOf(room, key);
    this.#timers.get(name)?.[disposeSymbol]();
    this.#timers.delete(name);
  }
}

function nameOf(room: Room, key: string): string {
  return `${room} ${key}`;
}
