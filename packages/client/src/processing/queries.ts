import type { Clock, Waiting } from '@dimp/core';
import type { Draft } from '@dimp/dkd';
import { LruMap } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import type { Facebook } from '../facebook/facebook.ts';
import type { DocumentsBody, MetaBody } from './bodies.ts';
import { OncePer } from './once.ts';

/** Pause between two questions for the same thing, and between two answers to the same peer: 10 minutes (spec §11.4). */
export const QUERY_INTERVAL: number = 600_000;

/** Sends a question. Rejects if there is no connection. */
export type Ask = (draft: Draft) => Promise<void>;

/** Asks the network for metas and documents, each at most once in {@link QUERY_INTERVAL} (spec §11.4). */
export class Queries {
  readonly #facebook: Facebook;
  readonly #ask: Ask;
  readonly #limit: OncePer;
  readonly #asked = new LruMap<EntityKey, true>(4096);

  constructor(facebook: Facebook, ask: Ask, clock: Clock) {
    this.#facebook = facebook;
    this.#ask = ask;
    this.#limit = new OncePer(clock, QUERY_INTERVAL);
  }

  /**
   * Asks for what a message waits for. A member list is not asked for as such: a group's documents name its owner, and
   * who may tell its members is a matter of the group.
   */
  async forWaiting({ id, for: what }: Waiting): Promise<void> {
    if (id.isBroadcast) return;
    this.#asked.set(id.entity, true);
    if (what === 'meta' || (await this.#facebook.meta(id)) === undefined) await this.meta(id);
    await this.documents(id);
  }

  /** Whether we have asked for something of an entity lately: what nobody asked for is not kept. */
  asked(id: ID): boolean {
    return this.#asked.get(id.entity) === true;
  }

  async meta(id: ID): Promise<void> {
    const body: MetaBody = { did: id };
    await this.#once(`meta ${id.entity}`, { kind: 'meta', body });
  }

  /** Asks for the documents of an entity that are newer than ours. */
  async documents(id: ID): Promise<void> {
    this.#asked.set(id.entity, true);
    const time = (await this.#facebook.document(id))?.time;
    const body: DocumentsBody = { did: id, ...(time === undefined ? {} : { last_time: time }) };
    await this.#once(`documents ${id.entity}`, { kind: 'documents', body });
  }

  async #once(name: string, draft: Draft): Promise<void> {
    if (!this.#limit.pass(name)) return;
    try {
      await this.#ask(draft);
    } catch {
      // No connection: whoever waits asks again when there is one.
      this.#limit.forget(name);
    }
  }
}
