import type { StoreKey, StoreSharing } from '@dimp/core';
import { type Handle, makeHandle, showError } from '@dimp/foundation';
import { requestLock } from './request-lock.ts';

/** How the tabs and workers of one origin that have a store open get along: Web Locks and a broadcast channel. */
export class TabSharing implements StoreSharing {
  readonly #scope: string;
  readonly #checkOpen: () => void;
  readonly #channel: BroadcastChannel;
  /** An object of its own for each call: the same function may watch twice. */
  readonly #watchers = new Set<{ readonly hear: (keys: readonly StoreKey[]) => void }>();
  readonly #stop = new AbortController();

  /**
   * @param name - of the store
   * @param checkOpen - throws when the store cannot be used any more
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

  /** Tells all others what was changed. */
  tell(keys: readonly StoreKey[]): void {
    this.#channel.postMessage(keys);
  }

  /** @param reason - what those get who wait for a lock */
  close(reason: unknown): void {
    this.#watchers.clear();
    this.#channel.close();
    this.#stop.abort(reason);
  }

  /** Anything of this origin can post here, so only what are paths counts. */
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

/** Whether something is an array of texts. */
export function isPath(value: unknown): value is StoreKey {
  return Array.isArray(value) && value.every((part) => typeof part === 'string');
}
