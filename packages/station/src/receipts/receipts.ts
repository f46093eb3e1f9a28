import { type Clock, isWaiting, type Logger, type Timers } from '@dimp/core';
import type { Draft } from '@dimp/dkd';
import { receiptFor } from '@dimp/extensions/commands';
import { ArrayContent, MAX_ARRAY_CONTENTS } from '@dimp/extensions/contents';
import { disposeSymbol, type JsonObject } from '@dimp/foundation';
import { type EntityKey, EntityType, type ID } from '@dimp/mkm';
import type { StationMetrics } from '../metrics/metrics.ts';
import type { Session } from '../session/session.ts';
import type { Sessions } from '../session/sessions.ts';
import type { StationSigner } from '../session/station-signer.ts';
import type { Notice, Refusal } from './notice.ts';

/** Options for {@link Receipts}. */
export interface ReceiptsOptions {
  readonly signer: StationSigner;
  readonly sessions: Sessions;
  readonly timers: Timers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: StationMetrics;
  /** Whether messages are waiting to be written. */
  readonly busy: () => boolean;
}

/** A receipt that is not signed yet. */
interface Pending {
  readonly draft: Draft;
  readonly extra: JsonObject | undefined;
}

/** The waiting receipts of one user. */
interface Waiting {
  readonly user: ID;
  readonly receipts: Pending[];
  /** End of the pause, in milliseconds since the epoch. */
  until: number;
}

/** Most waiting receipts of one user, and of all. Beyond the first, the oldest receipt of the user is dropped. */
const MAX_OF_USER = 1024;
const MAX_PENDING = 65_536;
/** Pause between two signatures, and while the station is busy. */
const PAUSE_MS = 1;
const BUSY_PAUSE_MS = 10;
/** Delay of a timer from which the processor counts as busy. */
const LATE_MS = 3;
/** Time for which receipts of a user are collected after one was sent while the station was busy. */
const REST_MS = 250;
/** Interval of the check for users whose pause has ended. */
const CHECK_INTERVAL_MS = 25;

/**
 * Sends receipts about messages to their senders (spec §9.6, §11.9). Signing takes longer than relaying, so receipts
 * are signed separately, for one user after the other, and those that wait for one user become a single message. The
 * first is sent at once; while the station is busy, the next ones of the same user are collected for a moment. A sender
 * who is not connected gets none, but always gets the receipt of the receiver.
 */
export class Receipts {
  readonly #options: ReceiptsOptions;
  /** Users with waiting receipts, in order. */
  readonly #pending = new Map<EntityKey, Waiting>();
  /** Users in a pause, in the order in which it ends. */
  readonly #resting = new Map<EntityKey, Waiting>();
  #size = 0;
  #timer: Disposable | undefined;
  #working = false;
  /** Whether the last timer was late. */
  #late = false;
  /** Whether the timer waits only for the end of pauses. */
  #dozing = false;
  #stopped = false;

  constructor(options: ReceiptsOptions) {
    this.#options = options;
  }

  /**
   * Queues a receipt to the sender of a message.
   *
   * @param extra - additional members of the receipt
   */
  notify(notice: Notice, text: string, extra?: JsonObject): void {
    const { envelope, signature } = notice;
    this.#add(envelope.sender, { draft: receiptFor(envelope, text, { signature }), extra });
  }

  /**
   * Queues a receipt that refuses a message to the user of a session.
   *
   * @param notice - undefined for a malformed message
   * @param refusal - its code is for programs, its text for people and older clients
   */
  refuse(user: ID, notice: Notice | undefined, { code, text }: Refusal): void {
    if (notice === undefined) {
      this.#add(user, { draft: { kind: 'receipt', body: { text, code } }, extra: undefined });
      return;
    }
    const { envelope, signature } = notice;
    this.#add(user, { draft: receiptFor(envelope, text, { signature, code }), extra: undefined });
  }

  /** Sends nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.[disposeSymbol]();
    this.#pending.clear();
    this.#resting.clear();
    this.#count(-this.#size);
  }

  #add(user: ID, receipt: Pending): void {
    // Receipts to stations and bots would start a loop (spec §11.5).
    if (this.#stopped || user.type !== EntityType.User || user.isBroadcast) return;
    if (this.#options.sessions.ofUser(user).length === 0) return;
    if (this.#size >= MAX_PENDING) {
      this.#options.metrics.add('receipts.dropped', 1);
      return;
    }
    const waiting = this.#of(user);
    const { receipts } = waiting;
    receipts.push(receipt);
    this.#count(1);
    if (receipts.length > MAX_OF_USER) {
      receipts.shift();
      this.#count(-1);
      this.#options.metrics.add('receipts.dropped', 1);
    }
    // One message holds no more.
    if (receipts.length >= MAX_ARRAY_CONTENTS) this.#wake(waiting);
    this.#schedule();
  }

  #count(change: number): void {
    this.#size += change;
    this.#options.metrics.change('queue.receipts', change);
  }

  #of(user: ID): Waiting {
    const { entity } = user;
    let waiting = this.#pending.get(entity) ?? this.#resting.get(entity);
    if (waiting === undefined) {
      waiting = { user, receipts: [], until: 0 };
      this.#pending.set(entity, waiting);
    }
    return waiting;
  }

  /** Ends the pause of a user. */
  #wake(waiting: Waiting): void {
    const { entity } = waiting.user;
    if (!this.#resting.delete(entity)) return;
    if (waiting.receipts.length > 0) this.#pending.set(entity, waiting);
  }

  #wakeRested(): void {
    const now = this.#options.clock.now();
    for (const waiting of this.#resting.values()) {
      // After the clock was set back, a pause must not become long.
      if (waiting.until > now && waiting.until <= now + REST_MS) return;
      this.#wake(waiting);
    }
  }

  #schedule(): void {
    if (this.#working || this.#stopped) return;
    const rests = this.#pending.size === 0;
    if (this.#timer !== undefined) {
      // A user with waiting receipts does not wait for the pauses of others.
      if (rests || !this.#dozing) return;
      this.#timer[disposeSymbol]();
      this.#timer = undefined;
    }
    if (rests && this.#resting.size === 0) return;
    this.#dozing = rests;
    const { timers, clock } = this.#options;
    const pause = rests ? CHECK_INTERVAL_MS : this.#busy ? BUSY_PAUSE_MS : PAUSE_MS;
    const due = clock.now() + pause;
    this.#timer = timers.after(pause, () => {
      this.#late = clock.now() - due > LATE_MS;
      return this.#work();
    });
  }

  /** Whether the station is busy. */
  get #busy(): boolean {
    return this.#late || this.#options.busy();
  }

  async #work(): Promise<void> {
    this.#timer = undefined;
    if (this.#stopped) return;
    this.#wakeRested();
    const next = this.#pending.values().next();
    if (next.done) {
      this.#schedule();
      return;
    }
    this.#working = true;
    const { value: waiting } = next;
    const { user, receipts } = waiting;
    const some = receipts.splice(0, MAX_ARRAY_CONTENTS);
    this.#count(-some.length);
    // The rest waits behind the other users.
    this.#pending.delete(user.entity);
    if (receipts.length >= MAX_ARRAY_CONTENTS) this.#pending.set(user.entity, waiting);
    else this.#rest(waiting);
    try {
      await this.#send(user, some);
    } catch (error) {
      const code = error instanceof Error ? error.name : 'unknown';
      this.#options.logger.warn('receipts.failed', { code });
    }
    this.#working = false;
    this.#schedule();
  }

  #rest(waiting: Waiting): void {
    const { entity } = waiting.user;
    if (this.#busy) {
      waiting.until = this.#options.clock.now() + REST_MS;
      this.#resting.set(entity, waiting);
    } else if (waiting.receipts.length > 0) this.#pending.set(entity, waiting);
  }

  async #send(user: ID, receipts: readonly Pending[]): Promise<void> {
    const { signer, sessions, metrics } = this.#options;
    const contents = receipts.map(({ draft, extra }) => signer.stamp(draft, extra));
    const [first] = contents;
    if (first === undefined) return;
    const content = contents.length === 1 ? first : signer.stamp(ArrayContent.create({ contents }));
    const open = sessions.ofUser(user).filter(hasLoggedIn);
    if (open.length === 0) return;
    const bytes = await signer.pack(content, user);
    // The key to encrypt with is unknown.
    if (isWaiting(bytes)) {
      metrics.add('receipts.dropped', receipts.length);
      return;
    }
    metrics.add('receipts.sent', receipts.length);
    for (const session of open) session.post(bytes);
  }
}

function hasLoggedIn(session: Session): boolean {
  return session.user !== undefined;
}
