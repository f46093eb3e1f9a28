import { type StoreKey, sleep, systemTimers } from '@dimp/core';
import { disposeSymbol, type Handle } from '@dimp/foundation';
import { unlessDamaged } from '../history/damage.ts';
import type { Retention } from '../model/conversation.ts';
import type { Account } from './account.ts';
import { removeCleared } from './clearing.ts';
import { removeOldRequests } from './requests.ts';
import { rereadUnknown } from './rereading.ts';
import { applyRetention, sweepGone, sweepPending, sweepVanished } from './sweeping.ts';

/** Time between two passes, in milliseconds. */
const EVERY_MS = 10 * 60_000;
/** A pass that something has asked for begins after this time, in milliseconds. */
const SOON_MS = 50;
/** Longest work at a time, in milliseconds. */
const SLICE_MS = 200;

/** New requests that do not wait for the next pass. */
const REQUESTS_AT_ONCE = 100;

/** Background work: removes what disappears, is no longer kept, or has waited too long. Only the leading tab does it. */
export class Jobs {
  readonly #account: Account;
  readonly #retention: Retention | undefined;
  readonly #leads: () => boolean;
  readonly #listening: Handle;
  #timer: Disposable | undefined;
  #due = Number.POSITIVE_INFINITY;
  #running: Promise<void> | undefined;
  #again = false;
  #requests = 0;
  #stopped = false;

  /** @param retention - for conversations that have none of their own */
  constructor(account: Account, retention: Retention | undefined, leads: () => boolean) {
    this.#account = account;
    this.#retention = retention;
    this.#leads = leads;
    this.#listening = account.history.on('changed', ({ keys }) => {
      if (keys.some(isVanish)) this.soon();
    });
  }

  /** Begins a pass soon. */
  soon(): void {
    this.#schedule(SOON_MS);
  }

  /** A stranger has begun a conversation. */
  requested(): void {
    this.#requests += 1;
    if (this.#requests < REQUESTS_AT_ONCE) return;
    this.#requests = 0;
    this.soon();
  }

  /** Resolves when no pass is running. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#listening.close();
    this.#timer?.[disposeSymbol]();
    await this.#running;
  }

  #schedule(wait: number): void {
    const due = this.#account.history.clock.now() + wait;
    if (this.#stopped || due >= this.#due) return;
    this.#timer?.[disposeSymbol]();
    this.#due = due;
    this.#timer = this.#account.parts.timers.after(wait, () => {
      this.#due = Number.POSITIVE_INFINITY;
      this.#timer = undefined;
      this.#account.parts.host.background(() => this.#run());
    });
  }

  /** One pass at a time. A failure is reported, and the next pass tries again. */
  #run(): Promise<void> {
    if (this.#running !== undefined) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#pass().finally(() => {
      this.#running = undefined;
      if (this.#again) this.soon();
      this.#again = false;
    });
    return this.#running;
  }

  async #pass(): Promise<void> {
    this.#schedule(EVERY_MS);
    if (!this.#leads() || this.#stopped) return;
    const { history } = this.#account;
    const pause = pausing();
    await this.#despiteDamage(async () => {
      const next = await sweepVanished(history);
      if (next !== undefined) this.#schedule(Math.max(0, next - history.clock.now()));
    });
    await this.#despiteDamage(() => removeOldRequests(this.#account));
    await this.#despiteDamage(() => removeCleared(history, pause));
    await this.#despiteDamage(() => sweepGone(history));
    await this.#despiteDamage(() => rereadUnknown(this.#account));
    for (const [id, chat] of await this.#account.list.all()) {
      if (this.#stopped) return;
      await this.#despiteDamage(async () => {
        if (chat.pending > 0) await sweepPending(history, id);
        await applyRetention(history, id, chat, this.#retention, pause);
      });
    }
  }

  /** A damaged record must not end the rest of the work. */
  #despiteDamage(task: () => Promise<void>): Promise<void> {
    return unlessDamaged(task, this.#account.parts.onFailure);
  }
}

function isVanish([area]: StoreKey): boolean {
  return area === 'vanish';
}

/** Lets other work run when a slice of time is used up. */
function pausing(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < SLICE_MS) return;
    // With the timers of the platform, also in a simulation: other work is to run, and no time is to pass.
    await sleep(0, systemTimers);
    since = performance.now();
  };
}
