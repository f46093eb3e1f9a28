import type { StoreKey, StoreSharing } from '@dimp/core';
import { type Handle, makeHandle, showError } from '@dimp/foundation';
import { requestLock } from './request-lock.ts';

/** Coordinates the tabs and workers that have a store open, with Web Locks and a broadcast channel. */
export class TabSharing implements StoreSharing {
  readonly #scope: string;
  readonly #checkOpen: () => void;
  readonly #channel: BroadcastChannel;
  /** One object for each call: the same function may be added twice. */
  readonly #watchers = new Set<{ readonly hear: (keys: readonly StoreKey[]) => void }>();
  readonly #stop = new AbortController();

  /**
   * @param name - of the store
   * @param checkOpen - throws once the store is closed or lost
   */
  constructor(name: string, checkOpen: () => void) {
    this.#scope = `dimp store ${JSON.stringify(name)}`;
    this.#checkOpen = checkOpen;
    this.#channel = new BroadcastChannel(this.#scope);
    this.#channel.addEventListener('message', ({ data }) => this.#hear(data));
  }

  async lock<T>(name: string, task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    this.#checkOpen();
    const closed = this.#stop.signal;
    const waiting = signal === undefined ? closed : AbortSignal.any([closed, signal]);
    return requestLock(`${this.#scope} ${name}`, task, waiting);
  }

  watch(listener: (keys: readonly StoreKey[]) => void): Handle {
    this.#checkOpen();
    const watcher = { hear: listener };
    this.#watchers.add(watcher);
    return makeHandle(() => {
      this.#watchers.delete(watcher);
    });
  }

  /** Notifies the other tabs of changes. */
  tell(keys: readonly StoreKey[]): void {
    this.#channel.postMessage(keys);
  }

  /** @param reason - rejects all calls that wait for a lock */
  close(reason: unknown): void {
    this.#watchers.clear();
    this.#channel.close();
    this.#stop.abort(reason);
  }

  /** Any script of the origin can post to the channel, so everything except paths is ignored. */
  #hear(data: unknown): void {
    if (!Array.isArray(data) || !data.every(isPath)) return;
    for (const { hear } of [...this.#watchers]) {
      try {
        hear(data);
      } catch (error) {
        showError('a listener of a shared store has failed:', error);
      }
    }
  }
}

/** Whether a value is an array of strings. */
export function isPath(value: unknown): value is StoreKey {
  return Array.isArray(value) && value.every((part) => typeof part === 'string');
}
