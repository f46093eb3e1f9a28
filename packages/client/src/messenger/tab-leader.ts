import type { StoreKey, StoreSharing } from '@dimp/core';
import type { Handle } from '@dimp/foundation';

/** Callbacks of {@link TabLeader}. */
export interface TabLeaderCallbacks {
  /** This messenger leads from now on. */
  readonly lead: () => Promise<void>;
  /** A messenger has ended, and its incoming messages are ours now. */
  readonly inherit: (owner: string) => Promise<void>;
  /** Another messenger has added or changed a message in the outbox. */
  readonly outboxChanged: (id: string) => Promise<void>;
  /** Another messenger may have changed any message in the outbox. */
  readonly anyOutboxChanged: () => Promise<void>;
  readonly run: (task: () => Promise<void>) => Promise<void>;
}

/**
 * Elects one of several messengers on one store, in the tabs of a browser. The leader sends for all. Each tab processes
 * the messages it has received until it ends; then the leader inherits them.
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
  /** Whether a check of all messages is scheduled. */
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

  /** Whether this messenger leads. */
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

  /** Inherits the messages of another messenger as soon as that one ends. */
  inheritFrom(owner: string): void {
    if (!this.#leading || owner === this.#owner || this.#inheriting.has(owner)) return;
    this.#inheriting.add(owner);
    this.#hold(ownerLock(owner), () => this.#callbacks.inherit(owner));
  }

  stop(): void {
    this.#watching?.close();
    this.#stop.abort();
  }

  /** Acquires a lock and holds it until {@link stop}. */
  #hold(name: string, onHeld: () => Promise<void>): void {
    const { signal } = this.#stop;
    const task = async (): Promise<void> => {
      void this.#callbacks.run(onHeld);
      await this.#stopped;
    };
    // A stop while waiting is not an error.
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

  /** Encrypted stores cannot name the records that were removed. One check covers many such changes. */
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
