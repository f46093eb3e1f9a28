import type { Clock, Store, StoreKey, Timers, Transceiver } from '@dimp/core';
import { disposeSymbol } from '@dimp/foundation';
import type { CommandProcessor } from './commands/command.ts';
import type { GroupCommit } from './inbox/group-commit.ts';
import type { Inbox } from './inbox/inbox.ts';
import type { StoreHealth } from './inbox/store-health.ts';
import type { StoredBytes } from './limits/stored-bytes.ts';
import type { Sessions } from './session/sessions.ts';

/** Options for {@link Housekeeping}. */
export interface HousekeepingOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly store: Store;
  readonly storeHealth: StoreHealth;
  readonly sessions: Sessions;
  readonly commits: GroupCommit;
  readonly inbox: Inbox;
  readonly stored: StoredBytes;
  readonly transceiver: Transceiver;
  readonly commands: CommandProcessor | undefined;
}

const SESSION_INTERVAL_MS = 10_000;
const INBOX_INTERVAL_MS = 60 * 60_000;
const MEMORY_INTERVAL_MS = 60_000;
/** Written to find out whether the store works again. */
const PROBE: StoreKey = /* @__PURE__ */ Object.freeze(['station-probe']);
const MARK: Uint8Array = /* @__PURE__ */ Uint8Array.of(1);

/** The periodic work of a station: idle connections, expired messages, unused memory, a store that has failed. */
export class Housekeeping {
  readonly #options: HousekeepingOptions;
  #timer: Disposable | undefined;
  #inboxSweptAt = Number.NEGATIVE_INFINITY;
  #memorySweptAt = Number.NEGATIVE_INFINITY;
  #inboxSweep: Promise<void> | undefined;

  constructor(options: HousekeepingOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = this.#options.timers.after(SESSION_INTERVAL_MS, () => {
      this.#run();
      this.start();
    });
  }

  /** Starts no more work. */
  stop(): void {
    this.#timer?.[disposeSymbol]();
  }

  /** Waits until expired messages are no longer being removed. */
  async finished(): Promise<void> {
    await this.#inboxSweep;
  }

  /** Saves the counts of stored bytes. A crash loses what was counted since, until the messages of that day expire. */
  async saveStoredBytes(): Promise<void> {
    const { store, stored, storeHealth } = this.#options;
    const changes = stored.changes();
    if (changes.length === 0) return;
    try {
      await store.batch(changes);
    } catch (error) {
      storeHealth.report(error);
    }
  }

  #run(): void {
    const { sessions, commits, storeHealth } = this.#options;
    sessions.sweep();
    // Nothing else may be written for a while.
    if (storeHealth.failing) commits.write({ type: 'set', key: PROBE, value: MARK }, () => {});
    this.#sweepInbox();
    this.#sweepMemory();
  }

  /** Most connected users are idle: what is cached of them is on the disk and read again when it is needed. */
  #sweepMemory(): void {
    const { clock, transceiver, commands } = this.#options;
    if (clock.now() < this.#memorySweptAt + MEMORY_INTERVAL_MS) return;
    this.#memorySweptAt = clock.now();
    void this.saveStoredBytes();
    transceiver.reduceMemory('unused');
    commands?.reduceMemory?.('unused');
  }

  #sweepInbox(): void {
    const { clock, inbox, storeHealth } = this.#options;
    if (this.#inboxSweep !== undefined) return;
    if (clock.now() < this.#inboxSweptAt + INBOX_INTERVAL_MS) return;
    this.#inboxSweptAt = clock.now();
    this.#inboxSweep = inbox
      .sweep()
      .catch(storeHealth.report)
      .finally(() => {
        this.#inboxSweep = undefined;
      });
  }
}
