import type { StoreKey, StoreSharing } from '@dimp/core';
import type { Handle } from '@dimp/foundation';

/** What a {@link TabLeader} tells. */
export interface TabLeaderCallbacks {
  /** This messenger sends from now on. */
  readonly lead: () => Promise<void>;
  /** A messenger that had taken messages in is gone: they are ours now. */
  readonly inherit: (owner: string) => Promise<void>;
  /** Another messenger has written a message to the outbox, or changed one. */
  readonly outboxChanged: (id: string) => Promise<void>;
  /** Another messenger may have done so with any message. */
  readonly anyOutboxChanged: () => Promise<void>;
  readonly run: (task: () => Promise<void>) => Promise<void>;
}

/**
 * Several messengers on one store, in the tabs of a browser: one of them sends for all; each keeps what it took in
 * until it is gone, then the one who leads inherits it.
 */
export class TabLeader {
  readonly #sharing: StoreSharing;
  readonly #owner: string;
  readonly #callbacks: TabLeaderCallbacks;
  readonly #stop = new AbortController();
  readonly #stopped: Promise<void>;
  readonly #inheriting = new Set<string>();
  #watching: Handle | undefined;
  #leading = false;
  /** Any message may have changed, and nobody has begun to look yet. */
  #looking = false;

  /** @param owner - name of this messenger */
  constructor(sharing: StoreSharing, owner: string, callbacks: TabLeaderCallbacks) {
    this.#sharing = sharing;
    this.#owner = owner;
    this.#callbacks = callbacks;
    const { signal } = this.#stop;
    this.#stopped = new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  /** Whether this messenger is the one that sends. */
  get isLeading(): boolean {
    return this.#leading;
  }

  start(): void {
    const { lead } = this.#callbacks;
    this.#watching = this.#sharing.watch((keys) => this.#changed(keys));
    this.#hold(ownerLock(this.#owner), async () => {});
    this.#hold('sender', async () => {
      this.#leading = true;
      await lead();
    });
  }

  /** Inherits what a messenger has left, as soon as it is gone. */
  inheritFrom(owner: string): void {
    if (!this.#leading || owner === this.#owner || this.#inheriting.has(owner)) return;
    this.#inheriting.add(owner);
    this.#hold(ownerLock(owner), () => this.#callbacks.inherit(owner));
  }

  stop(): void {
    this.#watching?.close();
    this.#stop.abort();
  }

  /** Holds a lock until the end. */
  #hold(name: string, onHeld: () => Promise<void>): void {
    const { signal } = this.#stop;
    const task = async (): Promise<void> => {
      void this.#callbacks.run(onHeld);
      await this.#stopped;
    };
    // Who stops while waiting has nothing to tell.
    void this.#sharing.lock(`messenger ${name}`, task, signal).catch(() => undefined);
  }

  #changed(keys: readonly StoreKey[]): void {
    if (keys.some((key) => key.length === 0)) this.#lookAtAll();
    for (const [area, name] of keys) {
      if (name === undefined) continue;
      if (area === 'outbox') void this.#callbacks.run(() => this.#callbacks.outboxChanged(name));
      if (area === 'inbox') this.inheritFrom(name.slice(name.indexOf('-') + 1));
    }
  }

  /** Encrypted stores cannot tell what was removed, and do so for each record: once is enough for many. */
  #lookAtAll(): void {
    if (this.#looking) return;
    this.#looking = true;
    void this.#callbacks.run(async () => {
      await Promise.resolve();
      this.#looking = false;
      await this.#callbacks.anyOutboxChanged();
    });
  }
}

function ownerLock(owner: string): string {
  return `inbox of ${owner}`;
}
