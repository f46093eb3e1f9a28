import { decodeRecordObject, encodeRecord } from '@dimp/endpoint';
import type { ID } from '@dimp/mkm';
import type { Records } from './batched-store.ts';

/** Limit on remembered messages of one sender. */
const PER_SENDER = 16;

/**
 * Messages of known senders that have arrived and cannot be read, so that later messages do not wait for them. A copy
 * that can be read is still accepted like any other message.
 */
export class UnopenedMessages {
  readonly #store: Records;

  constructor(store: Records) {
    this.#store = store;
  }

  async has(sender: ID, id: string): Promise<boolean> {
    return (await this.#read(sender)).includes(id);
  }

  /** @param sender - must be known to the user; strangers could fill the store */
  async add(sender: ID, id: string): Promise<void> {
    const names = await this.#read(sender);
    if (names.includes(id)) return;
    const newest = [id, ...names].slice(0, PER_SENDER);
    await this.#store.set(['unopened', sender.entity], encodeRecord({ names: newest }));
  }

  /** A damaged record counts as absent. */
  async #read({ entity }: ID): Promise<readonly string[]> {
    const bytes = await this.#store.get(['unopened', entity]);
    if (bytes === undefined) return [];
    try {
      const { names } = decodeRecordObject(bytes, 'unopened messages');
      return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
    } catch {
      return [];
    }
  }
}
