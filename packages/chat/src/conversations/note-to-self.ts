import type { Draft } from '@dimp/dkd';
import { toStamp } from '../history/order.ts';
import { dataPath } from '../history/paths.ts';
import type { SentMessage } from '../model/chats.ts';
import type { Account } from './account.ts';
import { membersFor } from './members.ts';
import { newMessage } from './message-of.ts';

/** Writes a message of the user to themselves, which is not sent. */
export async function noteToSelf(
  { history, user, parts }: Account,
  draft: Draft,
): Promise<SentMessage> {
  const { protocol } = parts.facebook;
  const now = history.clock.now();
  const time = now / 1000;
  return history.change(user.entity, 'self', async (edit) => {
    const stamped = protocol.contents.stamp(draft, { time });
    const wire = { ...stamped.wire, ...membersFor(stamped, edit.chat) };
    const content = protocol.contents.parse(wire);
    const stamp = Math.max(toStamp(now), (edit.chat.last?.stamp ?? -1) + 1);
    const source = { id: '', sender: user, sentTime: time, arrived: now, stamp, protocol };
    const { message, data } = newMessage(content, content.kind, source);
    const { vanish, ref } = message;
    edit.set({ accepted: true });
    if (data !== undefined) edit.changes.set(dataPath(edit.place, ref), data);
    await edit.add({
      ...message,
      ids: [],
      out: true,
      state: 'received',
      ...(vanish === undefined ? {} : { vanishesAt: now + vanish * 1000 }),
    });
    history.log.write(edit.changes, edit.place, { ref, event: 'added' }, now);
    return { ref, leftOut: [] };
  });
}
