import { isWaiting, type Logger, type Timers } from '@dimp/core';
import type { Draft } from '@dimp/dkd';
import { receiptFor } from '@dimp/extensions/commands';
import { ArrayContent, MAX_ARRAY_CONTENTS } from '@dimp/extensions/contents';
import type { JsonObject } from '@dimp/foundation';
import { type EntityKey, EntityType, type ID } from '@dimp/mkm';
import type { StationMetrics } from '../metrics.ts';
import type { Session } from '../session/session.ts';
import type { Sessions } from '../session/sessions.ts';
import type { Speaker } from '../session/speaker.ts';
import type { Notice } from './notice.ts';

/** What {@link Receipts} are made with. */
export interface ReceiptsOptions {
  readonly speaker: Speaker;
  readonly sessions: Sessions;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly metrics: StationMetrics;
  /** Whether there is more urgent work. */
  readonly busy: () => boolean;
}

/** A receipt that has not been signed yet. */
interface Pending {
  readonly draft: Draft;
  readonly extra: JsonObject | undefined;
}

/** Receipts that wait for one user, and for all; the oldest of a user go first when there are more. */
const MAX_OF_USER = 1024;
const MAX_PENDING = 65_536;
/** Milliseconds between two signatures, and while messages wait to be written. */
const PAUSE = 1;
const BUSY_PAUSE = 5;

/**
 * Tells senders what became of their messages (spec §9.6, §11.9). Signing takes longer than relaying: it is done apart
 * from it, for one user after the other, and what gathers for one user meanwhile becomes a single message. Whoever is not
 * connected hears nothing; the receiver's own receipt reaches him in any case.
 */
export class Receipts {
  readonly #options: ReceiptsOptions;
  readonly #pending = new Map<EntityKey, { readonly user: ID; readonly receipts: Pending[] }>();
  #size = 0;
  #timer: Disposable | undefined;
  #working = false;
  #stopped = false;

  constructor(options: ReceiptsOptions) {
    this.#options = options;
  }

  /**
   * Tells the sender of a message what became of it.
   *
   * @param extra - more members of the receipt
   */
  tell(notice: Notice, text: string, extra?: JsonObject): void {
    const { envelope, signature } = notice;
    this.#add(envelope.sender, { draft: receiptFor(envelope, text, { signature }), extra });
  }

  /**
   * Tells whoever logged in over a session that a message was refused.
   *
   * @param notice - undefined for what was no message at all
   */
  refuse(user: ID, notice: Notice | undefined, text: string, replacements?: JsonObject): void {
    const options = replacements === undefined ? {} : { template: text, replacements };
    if (notice === undefined) {
      this.#add(user, { draft: { kind: 'receipt', body: { text } }, extra: undefined });
      return;
    }
    const { envelope, signature } = notice;
    const shown = replacements === undefined ? text : filled(text, replacements);
    const draft = receiptFor(envelope, shown, { signature, ...options });
    this.#add(user, { draft, extra: undefined });
  }

  /** Nothing is told any more. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.[Symbol.dispose]();
    this.#pending.clear();
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
    const { receipts } = this.#of(user);
    receipts.push(receipt);
    this.#count(1);
    if (receipts.length > MAX_OF_USER) {
      receipts.shift();
      this.#count(-1);
      this.#options.metrics.add('receipts.dropped', 1);
    }
    this.#schedule();
  }

  #count(change: number): void {
    this.#size += change;
    this.#options.metrics.change('queue.receipts', change);
  }

  #of(user: ID): { readonly user: ID; readonly receipts: Pending[] } {
    let entry = this.#pending.get(user.entity);
    if (entry === undefined) {
      entry = { user, receipts: [] };
      this.#pending.set(user.entity, entry);
    }
    return entry;
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#working) return;
    const pause = this.#options.busy() ? BUSY_PAUSE : PAUSE;
    this.#timer = this.#options.timers.after(pause, () => this.#work());
  }

  async #work(): Promise<void> {
    this.#timer = undefined;
    const next = this.#pending.values().next();
    if (next.done || this.#stopped) return;
    this.#working = true;
    const { user, receipts } = next.value;
    const some = receipts.splice(0, MAX_ARRAY_CONTENTS);
    this.#count(-some.length);
    // Behind everybody else, if there are more.
    this.#pending.delete(user.entity);
    if (receipts.length > 0) this.#pending.set(user.entity, { user, receipts });
    try {
      await this.#send(user, some);
    } catch (error) {
      const code = error instanceof Error ? error.name : 'unknown';
      this.#options.logger.warn('receipts.failed', { code });
    }
    this.#working = false;
    if (this.#pending.size > 0) this.#schedule();
  }

  async #send(user: ID, receipts: readonly Pending[]): Promise<void> {
    const { speaker, sessions, metrics } = this.#options;
    const contents = receipts.map(({ draft, extra }) => speaker.stamp(draft, extra));
    const [first] = contents;
    if (first === undefined) return;
    const content =
      contents.length === 1 ? first : speaker.stamp(ArrayContent.create({ contents }));
    const open = sessions.ofUser(user).filter(hasLoggedIn);
    if (open.length === 0) return;
    const bytes = await speaker.pack(content, user);
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

/** A template with its places filled. */
function filled(template: string, replacements: JsonObject): string {
  return template.replaceAll(/\$\{(\w+)\}/g, (place, name: string) => {
    const value = Object.hasOwn(replacements, name) ? replacements[name] : undefined;
    return typeof value === 'string' ? value : place;
  });
}
