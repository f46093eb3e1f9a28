import type { ConversationSummary } from '@dimp/chat';
import type { DimClient } from '@dimp/chat/client';
import { protocol } from '../account/protocol.ts';
import { quoted } from '../messages/message-lines.ts';
import type { People } from '../people/people.ts';
import type { Output } from '../terminal/output.ts';

/** More unread messages than this are not counted. */
const MOST_COUNTED = 999;

/** Shows the conversations, those that strangers have begun last. */
export async function showConversations(
  { chats }: Pick<DimClient, 'chats'>,
  people: People,
  output: Output,
): Promise<void> {
  const all = [...(await chats.list().ready), ...(await chats.list({ requests: true }).ready)];
  for (const each of all) await showConversation(each, people, output);
  if (all.length === 0) output.note('no conversations yet');
}

async function showConversation(
  { id, kind, last, unread, mentions, pinned, request, blocked }: ConversationSummary,
  people: People,
  output: Output,
): Promise<void> {
  const peer = protocol.parseID(id);
  const label = await people.label(peer);
  const count = unread > MOST_COUNTED ? `${MOST_COUNTED}+` : String(unread);
  const news = unread === 0 ? '' : ` (${count} unread)`;
  const marks = [
    ...(pinned ? ['pinned'] : []),
    ...(request === undefined ? [] : ['not accepted yet']),
    ...(blocked ? ['blocked'] : []),
  ];
  const state = marks.length === 0 ? '' : ` [${marks.join(', ')}]`;
  const text = last === undefined ? '' : `: ${quoted(last.preview)}`;
  output.result(
    'conversation',
    {
      id,
      kind,
      in: await people.facts(peer),
      unread,
      mentions,
      pinned,
      request,
      blocked,
      last:
        last === undefined
          ? undefined
          : { id: last.ref, sender: last.sender, time: last.stamp / 1000, text: last.preview },
    },
    `${label}${news}${state}${text}`,
  );
}
