import { withLock } from '@dimp/core';
import { decodeRecordObject } from '@dimp/endpoint';
import type { ID } from '@dimp/mkm';
import { decodeAddress } from '../history/address.ts';
import { Changes } from '../history/changes.ts';
import type { ConversationEdit } from '../history/conversation-edit.ts';
import { unlessDamaged } from '../history/damage.ts';
import type { History } from '../history/history.ts';
import { decodeMessage, type MessageRecord } from '../history/message-record.ts';
import { readChunk } from '../history/page-list.ts';
import {
  addressPath,
  chatLock,
  chunkPath,
  dataPath,
  jobPath,
  messagePath,
  openPath,
  type Place,
  vanishPath,
} from '../history/paths.ts';
import type { Account } from './account.ts';

/** Removes all messages of a conversation from view. A job removes their records. */
export async function clearChat(account: Account, peer: ID): Promise<void> {
  const { history } = account;
  await history.change(peer.entity, account.kindOf(peer), async (edit) => {
    const { last } = edit.chat;
    if (last === undefined) return;
    await leaveToJob(edit, history.clock.now());
    edit.set({ cleared: last.stamp, read: last, draft: undefined, markedUnread: undefined });
    edit.empty();
  });
}

/** Takes the pages from the conversation; {@link removeCleared} removes their records. */
export async function leaveToJob(edit: ConversationEdit, now: number): Promise<void> {
  const { user, id } = edit.place;
  const pages = await edit.mending(async () => {
    const names: string[] = [];
    for (const chunk of edit.chat.chunks) {
      names.push(...(await readChunk(edit.changes, edit.place, chunk)));
    }
    return names;
  });
  for (const chunk of edit.chat.chunks) edit.changes.delete(chunkPath(edit.place, chunk));
  edit.changes.set(jobPath(user, `clear ${now} ${id} ${pages[0] ?? ''}`), { id, pages });
}

/**
 * Removes the records of cleared pages, one page in each batch.
 *
 * @param pause - lets other work run
 */
export async function removeCleared(history: History, pause: () => Promise<void>): Promise<void> {
  for await (const [path, bytes] of history.store.list(['chat-job', history.user])) {
    if (!path[2]?.startsWith('clear ')) continue;
    // A damaged job stays, and does not keep the others from being done.
    const job = await unlessDamaged(() => decodeRecordObject(bytes, 'cleared pages'));
    const { id, pages } = job ?? {};
    if (typeof id !== 'string' || !Array.isArray(pages)) continue;
    for (const page of pages) {
      if (typeof page !== 'string') continue;
      await removePage(history, history.place(id), page);
      await pause();
    }
    await history.store.delete(path);
  }
}

async function removePage(history: History, place: Place, page: string): Promise<void> {
  await withLock(history.store, chatLock(place), async () => {
    const changes = new Changes(history.store);
    const dropped: MessageRecord[] = [];
    for await (const [path, bytes] of history.store.list(messagePath(place, page))) {
      changes.delete(path);
      // A damaged message is removed like the others, but nothing is known of it.
      const message = await unlessDamaged(() => decodeMessage(bytes));
      if (message === undefined) continue;
      dropped.push(message);
      const { ref, stamp, vanishesAt } = message;
      const address = await unlessDamaged(async () => {
        const stored = await history.store.get(addressPath(place, ref));
        return stored && decodeAddress(stored);
      });
      if (address?.page === page) changes.delete(addressPath(place, ref));
      changes.delete(dataPath(place, ref));
      changes.delete(openPath(place, ref));
      if (vanishesAt !== undefined) changes.delete(vanishPath(place, vanishesAt, ref));
      history.log.write(changes, place, { ref, event: 'removed', stamp }, history.clock.now());
    }
    const all = changes.all();
    if (all.length > 0) await history.store.batch(all);
    history.dropped(place.id, dropped);
  });
}
