import { ProtocolError } from '@dimp/foundation';
import type { CommandHandler } from './command-handler.ts';

/** Kinds that the station processes itself; receipts are never answered (spec §11.5). */
const SETTLED: ReadonlySet<string> = /* @__PURE__ */ new Set(['array', 'handshake', 'receipt']);

/**
 * Returns the handlers by kind.
 *
 * @throws `registry/duplicate` for two handlers of one kind; `RangeError` for a kind that the station processes itself
 */
export function commandTable(
  handlers: readonly CommandHandler[],
): ReadonlyMap<string, CommandHandler> {
  const table = new Map<string, CommandHandler>();
  for (const handler of handlers) {
    const { kind } = handler;
    if (SETTLED.has(kind))
      throw new RangeError(`handlers must not contain "${kind}": the station processes it itself`);
    if (table.has(kind)) {
      throw new ProtocolError('registry/duplicate', `two handlers are registered for "${kind}"`, {
        details: { kind },
      });
    }
    table.set(kind, handler);
  }
  return table;
}
