import { type Clock, type Timers, type Waiting, waiting } from '@dimp/core';
import { disposeSymbol, ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { type DeferredArea, type DeferredMessage, deferredMessage, remaining } from './deferred.ts';
import type { DeferredStore, StoredMessage, StoredPlace } from './deferred-store.ts';
import { NOTHING, type Received, together } from './received.ts';
import { MAX_VARIANTS, messageOfVariant, variantOf } from './variants.ts';

/** Options for {@link DeferredMessages}. */
export interface DeferredMessagesOptions {
  readonly stores: Readonly<Record<DeferredArea, DeferredStore>>;
  readonly timers: Timers;
  readonly clock: Clock;
  /** How long a message waits for the one before it, in milliseconds since its arrival. */
  readonly orderTimeout: number;
  readonly readID: (text: unknown) => ID;
  /** Whether a message was received before, by name. */
  readonly isSeen: (id: string) => Promise<boolean>;
  readonly ask: (missing: Waiting) => Promise<void>;
  /**
   * Receives a message that has waited.
   *
   * @param late - it does not wait any longer for the message before it
   */
  readonly receive: (text: string, late: boolean) => Promise<Received>;
  /** Runs a task that a timer started, in turn with incoming messages, and sends the answers. */
  readonly later: (task: () => Promise<Received>) => Promise<void>;
  /** Called for each message that begins to wait. */
  readonly onDeferred: (message: DeferredMessage) => void;
}

/** Pause before released messages are tried again after a full inbox or a failing store. */
const RETRY_DELAY_MS = 60_000;

/**
 * Messages that cannot be processed yet, and when they are tried again. They may have been acknowledged, so they do not
 * come again.
 */
export class DeferredMessages {
  readonly #options: DeferredMessagesOptions;
  /** Timers of messages, by area and key. */
  readonly #timers = new Map<string, Disposable>();
  #stopped = false;

  constructor(options: DeferredMessagesOptions) {
    this.#options = options;
  }

  /**
   * Returns whether a message waits for another one, or the same copy of it waits for a meta or a member list.
   *
   * @param variant - identifies the copy
   * @throws `policy/rate-limited` if too many other copies of it wait: this one must come again
   */
  async has(id: string, variant: () => string): Promise<boolean> {
    const { suspended, early } = this.#options.stores;
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
    for (const [name, area] of Object.entries(this.#options.stores)) {
      for (const place of await area.places())
        found.push(this.#describe(name as DeferredArea, place));
    }
    return found.sort((a, b) => a.since - b.since);
  }

  /** Stores a message for later. */
  async add(area: DeferredArea, message: StoredMessage): Promise<Received> {
    const { stores, onDeferred } = this.#options;
    const { added, dropped } = await stores[area].add(message);
    for (const { key } of dropped) {
      if (!(await stores[area].keys()).includes(key)) this.#cancel(area, key);
    }
    if (area === 'early') await this.#stopWaitingLater(message.key);
    if (added !== undefined) onDeferred(this.#describe(area, added));
    return { ...NOTHING, kind: 'deferred', area };
  }

  /**
   * Receives the messages that wait in an area for a key. A message that still cannot be processed stays, or moves to
   * another area.
   *
   * @param late - they do not wait any longer for the message before them
   */
  async release(area: DeferredArea, key: string, late = false): Promise<Received> {
    this.#cancel(area, key);
    const { stores, receive } = this.#options;
    const received: Received[] = [];
    let isDone = false;
    try {
      let isFull = false;
      for (const message of await stores[area].of(key)) {
        const outcome = await receive(message.text, late);
        received.push(outcome);
        if (outcome.kind === 'no-room') isFull = true;
        else if (outcome.kind !== 'deferred' || outcome.area !== area)
          await stores[area].remove(message);
      }
      isDone = !isFull;
    } finally {
      if (!isDone) this.#releaseLater(RETRY_DELAY_MS, area, key, late);
    }
    return together(received);
  }

  /**
   * Reads the messages that an earlier run of the program or another tab has left on disk, and releases those that are
   * due.
   *
   * @param oldest - see {@link DeferredMessages.tend}
   */
  async restore(oldest: number): Promise<Received> {
    const { stores, isSeen } = this.#options;
    for (const area of Object.values(stores)) await area.load();
    await this.#expire(oldest);
    const received = [await this.#releaseAll('suspended')];
    for (const key of await stores.early.keys()) {
      if (await isSeen(key)) received.push(await this.release('early', key));
    }
    received.push(await this.#stopWaiting());
    received.push(await this.#releaseDue());
    return together(received);
  }

  /**
   * Called every few minutes, and when the network is back. Releases messages that are due, and removes those that have
   * waited too long. Timers do not suffice, because they stop while the machine sleeps.
   *
   * @param oldest - milliseconds since the epoch: messages that arrived before would be refused as too old
   */
  async tend(oldest: number): Promise<Received> {
    await this.#expire(oldest);
    return together([await this.#stopWaiting(), await this.#releaseDue()]);
  }

  /** Asks again for what messages wait for. */
  async askAgain(): Promise<void> {
    const { stores, readID, ask } = this.#options;
    for (const key of await stores.suspended.keys()) {
      const id = readID(key);
      await ask(waiting(id.isGroup ? 'members' : 'meta', id));
    }
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) timer[disposeSymbol]();
    this.#timers.clear();
  }

  /** Releases messages whose time has come. If the clock was set back, they are checked again. */
  async #releaseDue(): Promise<Received> {
    const { stores, clock } = this.#options;
    const now = clock.now();
    const due = new Set<string>();
    for (const place of await stores.ahead.places()) {
      if ((place.due ?? 0) <= now || now < Math.floor(place.arrived)) due.add(place.key);
    }
    const received: Received[] = [];
    for (const key of due) received.push(await this.release('ahead', key));
    return together(received);
  }

  async #expire(oldest: number): Promise<void> {
    for (const area of Object.values(this.#options.stores)) await area.expire(oldest);
  }

  /** Releases messages that have waited long enough for the message before them, and schedules the others. */
  async #stopWaiting(): Promise<Received> {
    const { stores, clock, orderTimeout } = this.#options;
    const received: Received[] = [];
    const first = new Map<string, number>();
    for (const { key, arrived } of await stores.early.places()) {
      if (!first.has(key)) first.set(key, arrived);
    }
    for (const [key, since] of first) {
      const delay = remaining(clock, since, orderTimeout);
      if (delay > 0) this.#releaseLater(delay, 'early', key, true);
      else received.push(await this.release('early', key, true));
    }
    return together(received);
  }

  /** Limits how long a message waits for the one before it, which its sender may have given up. */
  async #stopWaitingLater(key: string): Promise<void> {
    const { stores, clock, orderTimeout } = this.#options;
    const since = await stores.early.firstArrival(key);
    if (since === undefined) return;
    this.#releaseLater(remaining(clock, since, orderTimeout), 'early', key, true);
  }

  #describe(area: DeferredArea, place: StoredPlace): DeferredMessage {
    const { orderTimeout, readID } = this.#options;
    return deferredMessage(area, place, orderTimeout, readID);
  }

  async #releaseAll(area: DeferredArea): Promise<Received> {
    const received: Received[] = [];
    for (const key of await this.#options.stores[area].keys()) {
      received.push(await this.release(area, key));
    }
    return together(received);
  }

  #releaseLater(delay: number, area: DeferredArea, key: string, late: boolean): void {
    const name = nameOf(area, key);
    if (this.#stopped || this.#timers.has(name)) return;
    const { timers, later } = this.#options;
    const timer = timers.after(delay, () => later(() => this.release(area, key, late)));
    this.#timers.set(name, timer);
  }

  #cancel(area: DeferredArea, key: string): void {
    const name = nameOf(area, key);
    this.#timers.get(name)?.[disposeSymbol]();
    this.#timers.delete(name);
  }
}

function nameOf(area: DeferredArea, key: string): string {
  return `${area} ${key}`;
}
