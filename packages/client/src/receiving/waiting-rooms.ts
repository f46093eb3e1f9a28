import { type Timers, type Waiting, waiting } from '@dimp/core';
import type { ID } from '@dimp/mkm';
import { NOTHING, type Received, together } from './answer.ts';
import type { WaitingMessage, WaitingRoom } from './waiting-room.ts';

/** Where messages wait: for something of somebody that is asked for, for the message before them, for their time. */
export type Room = 'suspended' | 'early' | 'ahead';

/** What came of a message. */
export interface Taken extends Received {
  /** Where it waits now. */
  readonly waits?: Room;
}

/** What {@link WaitingRooms} are made with. */
export interface WaitingRoomsOptions {
  readonly rooms: Readonly<Record<Room, WaitingRoom>>;
  readonly timers: Timers;
  /** How long a message waits for the one before it, in milliseconds. */
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
}

/** When messages are tried again that had waited, and then met a full inbox or a store that fails, in milliseconds. */
const TRY_AGAIN = 60_000;

/**
 * Messages that cannot be taken in yet, and when they are tried again. Whoever carried them here may have been told that
 * they arrived, and does not bring them again.
 */
export class WaitingRooms {
  readonly #options: WaitingRoomsOptions;
  /** What is tried again by the clock, by room and key. */
  readonly #timers = new Map<string, Disposable>();
  #stopped = false;

  constructor(options: WaitingRoomsOptions) {
    this.#options = options;
  }

  /** Whether a message waits for another one, or for something of somebody. */
  async has(id: string): Promise<boolean> {
    const { suspended, early } = this.#options.rooms;
    return (await suspended.has(id)) || (await early.has(id));
  }

  /** Lets a message wait. */
  async add(room: Room, message: WaitingMessage): Promise<Taken> {
    const { rooms, orderTimeout } = this.#options;
    const dropped = await rooms[room].add(message);
    for (const { key } of dropped) {
      if (!(await rooms[room].keys()).includes(key)) this.#cancel(room, key);
    }
    // Nobody waits for ever: the message before may have been given up by its sender.
    if (room === 'early') this.#takeUpLater(orderTimeout, room, message.key, true);
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

  /** Reads what is on disk, and looks after what an earlier life, or another tab, has left there. */
  async restore(): Promise<Received> {
    const { rooms, orderTimeout, isSeen } = this.#options;
    for (const room of Object.values(rooms)) await room.load();
    const received = [await this.#takeUpAll('suspended')];
    for (const key of await rooms.early.keys()) {
      if (await isSeen(key)) received.push(await this.takeUp('early', key));
      else this.#takeUpLater(orderTimeout, 'early', key, true);
    }
    received.push(await this.#takeUpAll('ahead'));
    return together(received);
  }

  /**
   * Called every few minutes: takes in those whose time has come, and forgets those that have waited too long.
   *
   * @param oldest - milliseconds since the epoch: what came before would be refused as too old
   */
  async tend(oldest: number): Promise<Received> {
    for (const room of Object.values(this.#options.rooms)) await room.expire(oldest);
    return this.#takeUpAll('ahead');
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
    for (const timer of this.#timers.values()) timer[Symbol.dispose]();
    this.#timers.clear();
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
    this.#timers.get(name)?.[Symbol.dispose]();
    this.#timers.delete(name);
  }
}

function nameOf(room: Room, key: string): string {
  return `${room} ${key}`;
}
