import type { Content } from '@dimp/dkd';
import type { TimerBody } from '@dimp/extensions/chat';
import { ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { ConversationEdit } from '../history/conversation-edit.ts';
import { laterTimer } from '../merge/conversation.ts';
import { addNote } from './notes.ts';

/** How a new timer came. */
export interface TimerSource {
  readonly by: ID;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Milliseconds since the epoch. */
  readonly arrived: number;
  /** In a group, whether the sender is a moderator. */
  readonly allowed: boolean;
}

/** Sets the lifetime of new messages, and writes a line about it. The newest change counts. */
export async function noteTimer(
  edit: ConversationEdit,
  { body }: Content<'timer', TimerBody>,
  { by, time, arrived, allowed }: TimerSource,
): Promise<void> {
  if (!allowed) throw new ProtocolError('policy/unauthorized', 'the sender must be a moderator');
  const { timer } = edit.chat;
  const known =
    timer === undefined
      ? undefined
      : {
          value: timer.seconds,
          time: timer.time,
          ...(timer.said === undefined ? {} : { said: timer.said }),
        };
  const set = laterTimer(known, body, { time, arrived });
  if (set === known) return;
  edit.set({
    timer: {
      seconds: set.value,
      time: set.time,
      by: by.entity,
      ...(set.said === undefined ? {} : { said: set.said }),
    },
  });
  if (timer?.seconds === set.value) return;
  await addNote(edit, { note: 'timer', by: by.entity, seconds: set.value }, arrived);
}
