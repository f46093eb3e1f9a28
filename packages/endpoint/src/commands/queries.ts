import type { Clock, Waiting } from '@dimp/core';
import type { Draft } from '@dimp/dkd';
import { DocumentsCommand, MetaCommand } from '@dimp/dkd/commands';
import { definedOnly } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { Facebook } from '../facebook/facebook.ts';
import { AskedRecords, type Question } from './asked-records.ts';
import { Cooldown } from './cooldown.ts';

/** Minimum interval between two queries for the same thing, and between two answers to the same peer: 10 minutes (spec §11.4). */
export const QUERY_INTERVAL: number = 600_000;

/** Sends a query. Rejects if there is no connection. */
export type Ask = (draft: Draft) => Promise<void>;

/**
 * The direction of the message that causes a query. An incoming message causes one query per {@link QUERY_INTERVAL}, even across
 * restarts. An outgoing message also causes one in each run of the program, because its user expects a retry after a restart.
 */
export type Cause = 'incoming' | 'outgoing';

/** Asks the network for metas and documents, each at most once in {@link QUERY_INTERVAL} (spec §11.4). */
export class Queries {
  readonly #facebook: Facebook;
  readonly #ask: Ask;
  readonly #clock: Clock;
  readonly #inThisRun: Cooldown;
  readonly #asked: AskedRecords;

  constructor(facebook: Facebook, ask: Ask, clock: Clock) {
    this.#facebook = facebook;
    this.#ask = ask;
    this.#clock = clock;
    this.#inThisRun = new Cooldown(clock, QUERY_INTERVAL);
    this.#asked = new AskedRecords(facebook.store, clock);
  }

  /**
   * Asks for what a message waits for. For a member list it asks for the group's documents, which name the owner; who may tell
   * the members depends on the group.
   */
  async forWaiting({ id, for: what }: Waiting, cause: Cause = 'incoming'): Promise<void> {
    if (id.isBroadcast) return;
    if (what === 'meta' || (await this.#facebook.meta(id)) === undefined) {
      await this.meta(id, cause);
    }
    await this.documents(id, cause);
  }

  /** Whether anything about an entity was asked lately. Data that was not asked for is not stored. */
  asked(id: ID): Promise<boolean> {
    return this.#asked.has(id);
  }

  async meta(id: ID, cause: Cause = 'incoming'): Promise<void> {
    await this.#once(id, MetaCommand.create({ did: id }), cause);
  }

  /** Asks for documents of an entity that are newer than the stored ones. */
  async documents(id: ID, cause: Cause = 'incoming'): Promise<void> {
    const time = (await this.#facebook.document(id))?.time;
    const body = definedOnly({ did: id, last_time: time });
    await this.#once(id, DocumentsCommand.create(body), cause);
  }

  async #once(id: ID, draft: Draft<Question>, cause: Cause): Promise<void> {
    const question = draft.kind;
    const name = `${question} ${id.entity}`;
    if (cause === 'incoming' && (await this.#wasAsked(id, question))) return;
    if (!this.#inThisRun.pass(name)) return;
    try {
      // Recorded before sending, because the answer may arrive before the write ends.
      await this.#asked.note(id, question);
      await this.#ask(draft);
    } catch {
      // No connection: the waiting message asks again when there is one.
      this.#inThisRun.forget(name);
      await this.#asked.forget(id, question);
    }
  }

  async #wasAsked(id: ID, question: Question): Promise<boolean> {
    const last = await this.#asked.last(id, question);
    return last !== undefined && this.#clock.now() - last < QUERY_INTERVAL;
  }
}
