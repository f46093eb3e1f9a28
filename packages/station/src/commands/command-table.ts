import { ProtocolError } from '@dimp/foundation';
import type { CommandHandler } from './command-handler.ts';

/** What is done with these is settled: sessions, and that nothing ever answers a receipt (spec §11.5). */
const SETTLED: ReadonlySet<string> = /* @__PURE__ */ new Set(['array', 'handshake', 'receipt']);

/**
 * Handlers by the kind of their contents.
 *
 * @throws `registry/duplicate` for two of one kind; `RangeError` for one of a kind that is settled
 */
export function commandTable(
  handlers: readonly CommandHandler[],
): ReadonlyMap<string, CommandHandler> {
  const table = new Map<string, CommandHandler>();
  for (const handler of handlers) {
    const { kind } = handler;
    if (SETTLED.has(kind)) throw new RangeError(`the station itself processes ${kind}`);
    if (table.has(kind)) {
      throw new ProtocolError('registry/duplicate', 'two handlers of one kind', {
        details: { kind },
      });
    }
    table.set(kind, handler);
  }
  return table;
}
