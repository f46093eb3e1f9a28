import { ProtocolError } from '@dimp/foundation';
import { type Schema, schema } from '@dimp/foundation/schema';
import type { ID } from '@dimp/mkm';

/**
 * Most different IDs that one content may name, contents inside it included; damaged ones count each time. Checking an
 * address takes hashes, and a content of 1 MiB could name 25,000 of them.
 */
export const MAX_CONTENT_IDS = 2048;

/** IDs with a bound on how many a reader is made to check. */
export interface IDBudget {
  readonly schema: Schema<ID>;
  /** Runs a reader with a fresh budget; one inside another shares it. */
  run<T>(read: () => T): T;
}

/** Bounds the work that IDs of one content make. Reading is synchronous, so one counter serves a registry. */
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
