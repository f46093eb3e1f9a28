import { ProtocolError } from '@dimp/foundation';
import { type Schema, schema } from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';

/**
 * Maximum number of distinct IDs in one content, including the contents inside it. Damaged IDs count each time. Checking an
 * address takes hashes, and a content of 1 MiB could hold 25,000 of them.
 */
export const MAX_CONTENT_IDS = 2048;

/** Schema of IDs that limits how many of them are checked. */
export interface IDBudget {
  readonly schema: Schema<ID>;
  /** Runs a reader with a fresh budget. A nested call shares the budget of the outer one. */
  run<T>(read: () => T): T;
}

/** Limits the work for the IDs of one content. Reading is synchronous, so one counter per registry is enough. */
export function idBudget(inner: Schema<ID>): IDBudget {
  let seen: Set<unknown> | undefined;
  let failures = 0;
  return {
    schema: schema(
      (value, field) => {
        if (seen === undefined) return inner.decode(value, field);
        if (!seen.has(value) && seen.size + failures >= MAX_CONTENT_IDS) {
          throw new ProtocolError('format/limit', 'content names too many IDs', {
            details: { field, limit: 'IDs', max: MAX_CONTENT_IDS },
          });
        }
        failures += 1;
        const id = inner.decode(value, field);
        failures -= 1;
        seen.add(value);
        return id;
      },
      (id) => inner.encode(id),
    ),
    run(read) {
      if (seen !== undefined) return read();
      seen = new Set();
      failures = 0;
      try {
        return read();
      } finally {
        seen = undefined;
      }
    },
  };
}
