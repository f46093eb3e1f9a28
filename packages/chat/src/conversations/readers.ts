import type { ReadBody } from '@dimp/extensions/chat';
import { isAfter, type Mark, type ReaderRecord } from '../history/chat-record.ts';
import type { ConversationEdit } from '../history/conversation-edit.ts';
import { toStamp } from '../history/order.ts';

/** Most readers whose marks a conversation keeps. */
export const MAX_READERS = 32;

/**
 * Notes how far another reader has read. A mark never moves back, and never beyond the newest message.
 *
 * @param isMember - whether the reader is in the conversation
 */
export async function readBy(
  edit: ConversationEdit,
  by: string,
  { ref, time }: ReadBody['upto'],
  isMember: boolean,
): Promise<void> {
  const { readers, last } = edit.chat;
  if (!isMember || last === undefined) return;
  const here = await edit.message(ref);
  const named: Mark = here ?? { stamp: toStamp(time * 1000), ref };
  const mark: Mark = isAfter(named, last) ? last : named;
  const known = readers.find((each) => each.by === by);
  if (known !== undefined && !isAfter(mark, known)) return;
  const added: ReaderRecord = { by, stamp: mark.stamp, ref: mark.ref };
  const others = readers.filter((each) => each.by !== by);
  edit.set({ readers: [...others, added].slice(-MAX_READERS) });
}

/** Those who have read a message, as entities. */
export function readersOf(readers: readonly ReaderRecord[], message: Mark): readonly string[] {
  return readers.filter((reader) => !isAfter(message, reader)).map(({ by }) => by);
}
