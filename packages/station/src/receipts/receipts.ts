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

/** What {@link Receipts} are made with. */
export interface ReceiptsOptions {
  readonly signer: StationSigner;
  readonly sessions: Sessions;
  readonly timers: Timers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: StationMetrics;
  /** Whether messages wait to be written. */
  readonly busy: () => boolean;
}

/** A receipt that has not been signed yet. */
interface Pending {
  readonly draft: Draft;
  readonly extra: JsonObject | undefined;
}

/** What waits for one user. */
interface Waiting {
  readonly user: ID;
  readonly receipts: Pending[];
  /** End of his rest, in milliseconds since the epoch. */
  until: number;
}

/** Receipts that wait for one user, and for all; the oldest of a user go first when there are more. */
const MAX_OF_USER = 1024;
const MAX_PENDING = 65_536;
/** Milliseconds between two signatures, and while there is other work. */
const PAUSE = 1;
const BUSY_PAUSE = 10;
/** How many milliseconds late we are called when others have kept the processor busy. */
const LATE = 3;
/** Milliseconds for which more gathers for a user who has got something while there was other work. */
const REST = 250;
/** How often is looked for users whose rest has ended, in milliseconds. */
const NAP = 25;

/**
 * Tells senders what became of their messages (spec §9.6, §11.9). Signing takes longer than relaying: it is done apart
 * from it, for one user after the other, and what gathers for one user meanwhile becomes a single message. The first one
 * leaves at once; whoever has got one while the station is busy gets the next ones together, a little later. Whoever is not
 * connected hears nothing; the receiver's own receipt reaches him in any case.
 */
export class Receipts {
  readonly #options: ReceiptsOptions;
  /** Users whose turn it is, in their order. */
  readonly #pending = new Map<EntityKey, Waiting>();
  /** Users who have got something lately, in the order in which their rests end. */
  readonly #resting = new Map<EntityKey, Waiting>();
  #size = 0;
  #timer: Disposable | undefined;
  #working = false;
  /** Whether we were called late the last time. */
  #late = false;
  /** Whether the timer waits for the end of rests only. */
  #dozing = false;
  #stopped = false;

  constructor(options: ReceiptsOptions) {
    this.#options = options;
  }

  /**
   * Tells the sender of a message what became of it.
   *
   * @param extra - more members of the receipt
   */
  notify(notice: Notice, text: string, extra?: JsonObject): void {
    const { envelope, signature } = notice;
    this.#add(envelope.sender, { draft: receiptFor(envelope, text, { signature }), extra });
  }

  /**
   * Tells whoever logged in over a session that a message was refused.
   *
   * @param notice - undefined for what was no message at all
   * @param refusal - its code is what programs go by; the text is for people, and for older peers
   */
  refuse(user: ID, notice: Notice | undefined, { code, text }: Refusal): void {
    if (notice === undefined) {
      this.#add(user, { draft: { kind: 'receipt', body: { text, code } }, extra: undefined });
      return;
    }
    const { envelope, signature } = notice;
    this.#add(user, { draft: receiptFor(envelope, text, { signature, code }), extra: undefined });
  }

  /** Nothing is told any more. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.[disposeSymbol]();
    this.#pending.clear();
    this.#resting.clear();
    this.#count(-this.#size);
  }

  #add(user: ID, receipt: Pending): void {
    // Receipts for stations and bots would start a loop (spec §11.5).
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
    // More do not fit into one message.
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

  /** It is a user's turn again, if anything waits for him. */
  #wake(waiting: Waiting): void {
    const { entity } = waiting.user;
    if (!this.#resting.delete(entity)) return;
    if (waiting.receipts.length > 0) this.#pending.set(entity, waiting);
  }

  #wakeRested(): void {
    const now = this.#options.clock.now();
    for (const waiting of this.#resting.values()) {
      // A clock that was set back must not let anybody wait for long.
      if (waiting.until > now && waiting.until <= now + REST) return;
      this.#wake(waiting);
    }
  }

  #schedule(): void {
    if (this.#working || this.#stopped) return;
    const rests = this.#pending.size === 0;
    if (this.#timer !== undefined) {
      // Somebody's turn does not wait for the end of others' rests.
      if (rests || !this.#dozing) return;
      this.#timer[disposeSymbol]();
      this.#timer = undefined;
    }
    if (rests && this.#resting.size === 0) return;
    this.#dozing = rests;
    const { timers, clock } = this.#options;
    const pause = rests ? NAP : this.#busy ? BUSY_PAUSE : PAUSE;
    const due = clock.now() + pause;
    this.#timer = timers.after(pause, () => {
      this.#late = clock.now() - due > LATE;
      return this.#work();
    });
  }

  /** Whether there is more urgent work. */
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
    // Behind everybody else, if there are more.
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
      waiting.until = this.#options.clock.now() + REST;
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
    // Who has told nobody how to encrypt for him gets none.
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
