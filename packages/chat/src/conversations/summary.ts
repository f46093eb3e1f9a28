import type { ChatRecord } from '../history/chat-record.ts';
import type { ConversationSummary } from '../model/conversation.ts';
import { lastState } from './view.ts';

/** Makes the summary that user interfaces see. */
export async function summaryOf(
  id: string,
  chat: ChatRecord,
  nameOf: (entity: string) => Promise<string>,
): Promise<ConversationSummary> {
  const { kind, last, mutedUntil, draft, request, retention } = chat;
  const state = last === undefined ? undefined : lastState(chat, last, kind);
  return {
    id,
    kind,
    name: await nameOf(id),
    ...(last === undefined
      ? {}
      : {
          last: {
            ref: last.ref,
            stamp: last.stamp,
            sender: last.sender,
            senderName: await nameOf(last.sender),
            mine: last.out ?? false,
            kind: last.kind,
            preview: last.preview,
            ...(state === undefined ? {} : { state }),
          },
        }),
    unread: chat.unread,
    mentions: chat.mentions,
    markedUnread: chat.markedUnread ?? false,
    missed: chat.missed,
    pinned: chat.pinned !== undefined,
    archived: chat.archived ?? false,
    ...(mutedUntil === undefined
      ? {}
      : { mutedUntil: mutedUntil === 0 ? Number.POSITIVE_INFINITY : mutedUntil }),
    ...(draft === undefined ? {} : { draft }),
    ...(request === undefined ? {} : { request }),
    blocked: chat.blocked ?? false,
    timer: chat.timer?.seconds ?? 0,
    ...(retention === undefined ? {} : { retention }),
  };
}

/** Whether a conversation is muted. @param now - milliseconds since the epoch */
export function isMuted({ mutedUntil }: Pick<ChatRecord, 'mutedUntil'>, now: number): boolean {
  return mutedUntil !== undefined && (mutedUntil === 0 || mutedUntil > now);
}
