import { systemTimers, type Timers } from '@dimp/core';
import { deferred, disposeSymbol, Events, ProtocolError } from '@dimp/foundation';
import { changeBetween } from './change.ts';
import type { Change, Live } from './live.ts';
import { share } from './share.ts';

/** How long a live value without listeners stays open. */
const IDLE_MS = 30_000;

/** Where the snapshots of a {@link LiveValue} come from. */
export interface LiveSource<T> {
  /** Reads the present value. Its objects become parts of the snapshot. */
  load(): Promise<T>;
  /**
   * Begins to watch what the value is made of.
   *
   * @param changed - to be called after each change
   * @returns stops watching
   */
  watch(changed: () => void): () => void;
  /** The named elements of a value that is a list, or has one. */
  readonly elements?: (value: T) => readonly unknown[];
  readonly timers?: Timers;
  /** Called when a later snapshot cannot be read. The last one stays. */
  readonly onFailure?: (error: unknown) => void;
}

interface LiveEvents<T> {
  value: { readonly value: T; readonly change: Change };
}

/** A {@link Live} value that reads itself again after each change of what it is made of. */
export class LiveValue<T> implements Live<T> {
  readonly #source: LiveSource<T>;
  readonly #events = new Events<LiveEvents<T>>({ value: true });
  /** Wakes iterations: something has changed, or the value is closed. */
  #next = deferred();
  #snapshot: { readonly value: T } | undefined;
  /** Grows with each snapshot. */
  #version = 0;
  #users = 0;
  #stopWatching: (() => void) | undefined;
  #loading: Promise<void> | undefined;
  /** Something has changed since the snapshot was read. */
  #stale = true;
  #idle: Disposable | undefined;
  #closed = false;

  constructor(source: LiveSource<T>) {
    this.#source = source;
  }

  get current(): T | undefined {
    if (!this.#closed) this.#use();
    return this.#snapshot?.value;
  }

  get ready(): Promise<T> {
    return this.#ready();
  }

  subscribe(listener: (value: T, change: Change) => void): () => void {
    if (this.#closed) return () => undefined;
    const listening = this.#events.on('value', ({ value, change }) => listener(value, change));
    const release = this.#hold();
    const snapshot = this.#snapshot;
    // As with later snapshots, the listener is called when the caller has the function that ends it.
    if (snapshot !== undefined && !this.#stale) {
      const version = this.#version;
      void Promise.resolve().then(() => {
        if (this.#version === version && !ended) this.#tellOne(listener, snapshot.value);
      });
    }
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      listening.close();
      release();
    };
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    const release = this.#closed ? () => undefined : this.#hold();
    const end = deferred();
    let seen = 0;
    let ended = false;
    const finish = (): void => {
      if (ended) return;
      ended = true;
      end.resolve();
      release();
    };
    const next = async (): Promise<IteratorResult<T>> => {
      while (!ended && !this.#closed) {
        if (this.#snapshot !== undefined && !this.#stale && this.#version !== seen) {
          seen = this.#version;
          return { done: false, value: this.#snapshot.value };
        }
        const change = this.#next.promise;
        try {
          if (this.#snapshot === undefined) await Promise.race([this.#loading, end.promise]);
        } catch (error) {
          finish();
          throw error;
        }
        if (this.#snapshot !== undefined && !this.#stale && this.#version !== seen) continue;
        await Promise.race([change, end.promise]);
      }
      finish();
      return { done: true, value: undefined };
    };
    return {
      next,
      async return() {
        finish();
        return { done: true, value: undefined };
      },
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#sleep();
    this.#wake();
    await this.#loading?.catch(() => undefined);
  }

  /** Reads the value again. Resolves when the snapshot shows what was there at the call. */
  async refresh(): Promise<void> {
    if (this.#closed) return;
    this.#stale = true;
    this.#use();
    await this.#load();
  }

  async #ready(): Promise<T> {
    if (this.#closed) throw stopped();
    this.#use();
    if (this.#stale || this.#loading !== undefined) await this.#load();
    if (this.#snapshot === undefined) throw stopped();
    return this.#snapshot.value;
  }

  /** Opens the value if it is not open. Without listeners it closes again after a while. */
  #use(): void {
    if (this.#stopWatching === undefined) {
      this.#stale = true;
      this.#stopWatching = this.#source.watch(() => {
        this.#stale = true;
        this.#load().catch((error: unknown) => this.#source.onFailure?.(error));
      });
    }
    // The first load, or another attempt after one that failed.
    if (this.#stale) this.#load().catch((error: unknown) => this.#source.onFailure?.(error));
    this.#waitForIdle();
  }

  #waitForIdle(): void {
    this.#idle?.[disposeSymbol]();
    this.#idle = undefined;
    if (this.#users > 0 || this.#closed) return;
    const { timers = systemTimers } = this.#source;
    this.#idle = timers.after(IDLE_MS, () => this.#sleep());
  }

  #hold(): () => void {
    this.#users += 1;
    this.#use();
    return () => {
      this.#users -= 1;
      this.#waitForIdle();
    };
  }

  #sleep(): void {
    this.#idle?.[disposeSymbol]();
    this.#idle = undefined;
    this.#stopWatching?.();
    this.#stopWatching = undefined;
  }

  /** Reads until nothing has changed while reading. Calls that come meanwhile share the work. */
  #load(): Promise<void> {
    this.#loading ??= this.#loadAll().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #loadAll(): Promise<void> {
    while (this.#stale && !this.#closed) {
      this.#stale = false;
      let value: T;
      try {
        value = await this.#source.load();
      } catch (error) {
        this.#stale = true;
        throw error;
      }
      if (!this.#closed) this.#show(value);
    }
  }

  #show(loaded: T): void {
    const before = this.#snapshot?.value;
    const value = share(before, loaded);
    if (this.#snapshot !== undefined && Object.is(before, value)) return;
    const { elements } = this.#source;
    const change = changeBetween(
      this.#snapshot === undefined ? undefined : elements?.(this.#snapshot.value),
      elements?.(value),
    );
    this.#snapshot = { value };
    this.#version += 1;
    this.#events.emit('value', { value, change });
    this.#wake();
  }

  #tellOne(listener: (value: T, change: Change) => void, value: T): void {
    const once = new Events<LiveEvents<T>>({ value: true });
    once.on('value', (event) => listener(event.value, event.change));
    once.emit('value', { value, change: { kind: 'reset' } });
  }

  #wake(): void {
    const { resolve } = this.#next;
    this.#next = deferred();
    resolve();
  }
}

function stopped(): ProtocolError<'state/stopped'> {
  return new ProtocolError('state/stopped', 'the live value is closed');
}
