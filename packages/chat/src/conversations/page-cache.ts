import type { StoreKey } from '@dimp/core';
import type { History } from '../history/history.ts';
import type { MessageRecord } from '../history/message-record.ts';
import { MESSAGES } from '../history/paths.ts';

/** Pages of one conversation in memory, so that after a change only those are read that have changed. */
export class PageCache {
  readonly #history: History;
  readonly #id: string;
  readonly #pages = new Map<string, readonly MessageRecord[]>();
  /** Pages that were read since the last {@link forgetUnused}. */
  readonly #used = new Set<string>();
  #version = 0;

  /** @param id - entity of the peer or the group */
  constructor(history: History, id: string) {
    this.#history = history;
    this.#id = id;
  }

  /** Reads a page. */
  async page(name: string): Promise<readonly MessageRecord[]> {
    this.#used.add(name);
    const known = this.#pages.get(name);
    if (known !== undefined) return known;
    const version = this.#version;
    const read = await this.#history.page(this.#id, name);
    // What changed meanwhile may be missing in it.
    if (version === this.#version) this.#pages.set(name, read);
    return read;
  }

  /** Drops what has changed. @returns whether the conversation is concerned */
  changed(keys: readonly StoreKey[]): boolean {
    let ours = false;
    for (const [area, user, id, page] of keys) {
      if (area === undefined) this.#pages.clear();
      else if (user !== this.#history.user || id !== this.#id) continue;
      else if (area === MESSAGES && page !== undefined) this.#pages.delete(page);
      ours = true;
    }
    if (ours) this.#version += 1;
    return ours;
  }

  /** Drops pages that were not read lately. */
  forgetUnused(): void {
    for (const name of this.#pages.keys()) if (!this.#used.has(name)) this.#pages.delete(name);
    this.#used.clear();
  }
}
