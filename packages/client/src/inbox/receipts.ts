import { type Clock, type Waiting, waiting } from '@dimp/core';
import type { Envelope } from '@dimp/dkd';
import type { Facebook } from '@dimp/endpoint';
import { type Answer, answersTo, Cooldown, receiptDraft } from '@dimp/endpoint';
import { LruMap } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import type { Acceptance } from './acceptance.ts';
import { NOTHING, type Received } from './received.ts';
import type { OwedFor, ReplayMemory, SeenMessage } from './replay-memory.ts';

/**
 * Who gets receipts.
 *
 * `careful`: peers whom the user knows, and strangers who have proven that they know what they have sent. Other
 * strangers get their receipts when the user writes to them, adds or accepts them. Otherwise an attacker could send
 * changed copies of a captured message, and see by the receipts which of them can be read.
 *
 * `everybody`: all strangers as well, for bots that answer every peer anyway.
 */
export type ReceiptPolicy = 'careful' | 'everybody';

/** Limit on receipts to one stranger in {@link STRANGER_INTERVAL_MS}. */
const STRANGER_RECEIPTS = 60;
/** One hour. */
const STRANGER_INTERVAL_MS = 3_600_000;
/**
 * Limit on strangers whose receipts are counted. There is no common limit, which one of them could use up for all
 * others.
 */
const STRANGERS = 4096;

/** Minimum interval between two receipts for one message. */
const REPEAT_INTERVAL_MS = 1000;
const RECEIVED = 'Message received.';

/** Facts that decide whether a message is answered. */
export interface Answerable {
  readonly user: ID;
  readonly sender: ID;
  readonly proven: boolean;
}

/** Options for {@link Receipts}. */
export interface ReceiptsOptions {
  readonly facebook: Facebook;
  readonly clock: Clock;
  readonly memory: ReplayMemory;
  readonly acceptance: Acceptance;
  readonly policy: ReceiptPolicy;
  readonly ask: (missing: Waiting) => Promise<void>;
}

/** Decides who gets receipts, and when. */
export class Receipts {
  readonly #options: ReceiptsOptions;
  readonly #toStrangers = new LruMap<string, { readonly since: number; count: number }>(STRANGERS);
  readonly #repeated: Cooldown;

  constructor(options: ReceiptsOptions) {
    this.#options = options;
    this.#repeated = new Cooldown(options.clock, REPEAT_INTERVAL_MS);
  }

  /**
   * Whether a message may be answered at all: the sender is proven to know the content, or the user knows the sender.
   */
  async mayAnswer({ user, sender, proven }: Answerable): Promise<boolean> {
    const { acceptance, policy } = this.#options;
    return proven || policy === 'everybody' || (await acceptance.has(user, sender));
  }

  /**
   * Decides about the receipt for a message.
   *
   * @param silent - nothing may be sent now
   * @returns `now` if it is sent now, what it waits for, or undefined if there is none
   */
  async decide(message: Answerable, silent = false): Promise<'now' | OwedFor | undefined> {
    const { facebook, memory, acceptance, ask } = this.#options;
    const { user, sender } = message;
    if (silent || !(await this.mayAnswer(message))) {
      return (await memory.mayOwe(sender)) ? 'acceptance' : undefined;
    }
    const isKnown = await acceptance.has(user, sender);
    if ((await facebook.encryptKey(sender)) === undefined) {
      if (!(await memory.mayOwe(sender))) return undefined;
      await ask(waiting('visa', sender));
      return 'visa';
    }
    return isKnown || this.#pass(sender) ? 'now' : undefined;
  }

  /** Returns the receipt for a repeated message, if its sender gets one now: the first receipt seems to be lost. */
  async again(id: string, seen: SeenMessage, signature: Uint8Array): Promise<Received> {
    const { envelope } = seen.receipt ?? {};
    if (envelope === undefined) return NOTHING;
    const { sender, receiver } = envelope;
    const local = await this.#options.facebook.selectLocalUser(receiver);
    if (local === undefined || !this.#repeated.pass(id)) return NOTHING;
    const proven = seen.unproven !== true;
    const decision = await this.decide({ user: local.id, sender, proven });
    if (decision !== 'now') {
      this.#repeated.forget(id);
      return NOTHING;
    }
    return { kind: 'done', answers: this.write(id, seen, local.id, signature), items: [] };
  }

  /** Returns the owed receipts that can be sent now, to one sender or to all. */
  async payOwed(sender?: EntityKey): Promise<readonly Answer[]> {
    const { memory } = this.#options;
    const answers: Answer[] = [];
    for (const id of await memory.owed(sender)) {
      const seen = await memory.get(id);
      if (seen?.owed === undefined) continue;
      answers.push(...(await this.again(id, seen, seen.owed.signature)).answers);
    }
    return answers;
  }

  /** Makes the receipt for a message. @returns an empty list if sender or receiver rule it out */
  write(
    id: string,
    { receipt }: Pick<SeenMessage, 'receipt'>,
    user: ID,
    signature: Uint8Array,
  ): readonly Answer[] {
    if (receipt === undefined) return [];
    const { envelope, content, text = RECEIVED } = receipt;
    const { sender, receiver }: Envelope = envelope;
    const draft = receiptDraft(text, envelope, content, signature);
    const answers = answersTo(sender, receiver, user, [draft]);
    return answers.map((answer) => ({ ...answer, receiptFor: id }));
  }

  /** Counts a receipt to a stranger. @returns false above the limit */
  #pass({ entity }: ID): boolean {
    const now = this.#options.clock.now();
    const window = this.#toStrangers.get(entity);
    const isOver = window === undefined || Math.abs(now - window.since) >= STRANGER_INTERVAL_MS;
    const current = isOver ? { since: now, count: 0 } : window;
    if (current.count >= STRANGER_RECEIPTS) return false;
    current.count += 1;
    if (isOver) this.#toStrangers.set(entity, current);
    return true;
  }
}
