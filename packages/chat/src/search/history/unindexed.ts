import type { HistoryAccess } from '../../conversations/plugins.ts';
import type { MessageRecord } from '../../history/message-record.ts';
import type { IndexQuery } from '../search-index.ts';
import { readState } from '../state.ts';
import { readBuildPosition } from './build-position.ts';
import { type Indexer, indexStore } from './indexer.ts';

/** How long the messages that are not in the index are looked through, in milliseconds. */
const SCAN_MS = 500;

/** Where messages may be that are not in the index. */
export interface UnindexedSource {
  readonly access: HistoryAccess;
  readonly indexer: Indexer;
  readonly query: IndexQuery;
}

/**
 * Messages that the index does not have yet, for half a second at most: those of the log, and conversations that were never
 * indexed, the newest messages first.
 */
export async function* unindexedMessages({
  access,
  indexer,
  query: { conversation },
}: UnindexedSource): AsyncGenerator<{ readonly id: string; readonly record: MessageRecord }> {
  const { history } = access;
  const end = performance.now() + SCAN_MS;
  for await (const { id, ref } of history.log.entries('index')) {
    if (performance.now() > end) return;
    if (conversation !== undefined && conversation !== id) continue;
    const record = await history.message(id, ref);
    if (record !== undefined) yield { id, record };
  }
  const stored = await readState(indexStore(access)).catch(() => undefined);
  const position =
    indexer.index === undefined ? readBuildPosition(stored?.position ?? '') : indexer.position;
  if (position.done) return;
  for await (const [id] of history.chats()) {
    if (id < position.id || (conversation !== undefined && conversation !== id)) continue;
    for await (const page of history.descending(id)) {
      for (const record of page) yield { id, record };
      if (performance.now() > end) return;
    }
  }
}
