import type { ID } from '@dimp/mkm';
import { isAfter, type Mark } from '../history/chat-record.ts';
import type { ConversationEdit } from '../history/conversation-edit.ts';
import { countsAsUnread } from '../history/message-record.ts';
import { orderKey } from '../history/order.ts';
import type { Account } from './account.ts';

/**
 * Marks a conversation as read up to a message, or to the newest one.
 *
 * @returns whether the read mark has moved
 */
export async function markRead(
  account: Account,
  peer: ID,
  ref: string | undefined,
): Promise<boolean> {
  const { history } = account;
  if ((await history.chat(peer.entity)) === undefined) return false;
  return history.change(peer.entity, account.kindOf(peer), async (edit) => {
    const { read, last } = edit.chat;
    const mark: Mark | undefined = ref === undefined ? last : await edit.message(ref);
    if (mark === undefined) return false;
    const moved = isAfter(mark, read);
    if (moved && edit.chat.vanishing) await startLives(edit, read, mark, history.clock.now());
    edit.read(mark);
    return moved;
  });
}

/** A message that disappears lives from its first reading. */
async function startLives(
  edit: ConversationEdit,
  from: Mark | undefined,
  to: Mark,
  now: number,
): Promise<void> {
  for await (const page of edit.ascending(from === undefined ? undefined : orderKey(from))) {
    for (const message of page) {
      if (isAfter(message, to)) return;
      const { vanish, vanishesAt } = message;
      if (vanish === undefined || !countsAsUnread(message) || !isAfter(message, from)) continue;
      const end = Math.min(now + vanish * 1000, vanishesAt ?? Number.POSITIVE_INFINITY);
      if (end !== vanishesAt) await edit.replace(message, { ...message, vanishesAt: end });
    }
  }
}
