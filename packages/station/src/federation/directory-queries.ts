import type { Clock, Timers } from '@dimp/core';
import { Cooldown } from '@dimp/endpoint';
import { DocumentsCommand, MetaCommand } from '@dimp/extensions/commands';
import { disposeSymbol } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { NeighbourLine } from './neighbour-line.ts';

/** What a neighbour can be asked for. */
export type QueryKind = 'meta' | 'documents';

/** Timeout for an answer. */
const ANSWER_TIMEOUT_MS = 15_000;
/** Minimum time between two queries for the same entity (spec §11.4). */
const QUERY_INTERVAL_MS = 600_000;
/** Most pending queries. */
const MAX_PENDING = 1024;

interface Pending {
  readonly found: Promise<boolean>;
  readonly settle: (found: boolean) => void;
}

/** Queries to neighbours for metas and documents that this station does not know. */
export class DirectoryQueries {
  readonly #timers: Timers;
  readonly #limit: Cooldown;
  readonly #pending = new Map<string, Pending>();

  constructor(clock: Clock, timers: Timers) {
    this.#timers = timers;
    this.#limit = new Cooldown(clock, QUERY_INTERVAL_MS);
  }

  /**
   * Asks neighbours, unless a query for the same entity is pending.
   *
   * @param always - asks even if they were asked recently
   * @returns whether it has arrived; undefined if no neighbour can be asked now
   */
  query(
    what: QueryKind,
    did: ID,
    lines: readonly NeighbourLine[],
    always = false,
  ): Promise<boolean> | undefined {
    const name = `${what} ${did.entity}`;
    const pending = this.#pending.get(name);
    if (pending !== undefined) return pending.found;
    if (lines.length === 0 || this.#pending.size >= MAX_PENDING) return undefined;
    if (!this.#limit.pass(name) && !always) return undefined;
    const { found } = this.#begin(name);
    const type = what === 'meta' ? MetaCommand : DocumentsCommand;
    // A line that fails now is treated like one that does not answer.
    for (const line of lines) line.sendDraft(type.create({ did })).catch(() => undefined);
    return found;
  }

  /** Settles the query for an entity whose meta or documents have arrived. */
  arrived(what: QueryKind, did: ID): void {
    const name = `${what} ${did.entity}`;
    this.#pending.get(name)?.settle(true);
    // If it is missing again later, it may be asked for at once.
    this.#limit.forget(name);
  }

  /** Settles all queries as unanswered. */
  close(): void {
    for (const { settle } of [...this.#pending.values()]) settle(false);
  }

  #begin(name: string): Pending {
    let settle = (_found: boolean): void => {};
    const found = new Promise<boolean>((resolve) => {
      const timer = this.#timers.after(ANSWER_TIMEOUT_MS, () => settle(false));
      settle = (each) => {
        timer[disposeSymbol]();
        this.#pending.delete(name);
        resolve(each);
      };
    });
    const pending = { found, settle: (each: boolean) => settle(each) };
    this.#pending.set(name, pending);
    return pending;
  }
}
