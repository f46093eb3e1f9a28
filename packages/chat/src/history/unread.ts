import type { ChatRecord, Mark } from './chat-record.ts';
import { countsAsUnread, type MessageRecord } from './message-record.ts';
import { orderKey } from './order.ts';

/** Counts stop here; a greater one is shown as "999+". */
export const MAX_UNREAD = 1000;

/** What is unread in a conversation. */
export type UnreadOf = Pick<ChatRecord, 'unread' | 'mentions'>;

/** Counts the unread messages behind a read mark. */
export async function countUnread(
  pages: AsyncIterable<readonly MessageRecord[]>,
  read: Mark | undefined,
): Promise<UnreadOf> {
  const from = read === undefined ? '' : orderKey(read);
  let [unread, mentions] = [0, 0];
  for await (const messages of pages) {
    for (const message of messages) {
      if (orderKey(message) <= from || !countsAsUnread(message)) continue;
      unread += 1;
      if (message.mentionsMe) mentions += 1;
      if (unread === MAX_UNREAD) return { unread, mentions };
    }
  }
  return { unread, mentions };
}

/** Adds one message to the counts. */
export function plusUnread({ unread, mentions }: UnreadOf, message: MessageRecord): UnreadOf {
  return {
    unread: Math.min(unread + 1, MAX_UNREAD),
    mentions: Math.min(mentions + (message.mentionsMe ? 1 : 0), MAX_UNREAD),
  };
}
