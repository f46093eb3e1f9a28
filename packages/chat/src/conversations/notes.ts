import { sha256 } from '@dimp/crypto/digests';
import { encodeBase64Url, type JsonObject, utf8Encode } from '@dimp/foundation';
import type { ConversationEdit } from '../history/conversation-edit.ts';
import { toStamp } from '../history/order.ts';

/**
 * Writes a line of this program into a conversation, such as a changed timer. It is never sent, and does not count as unread.
 *
 * @param content - what the line is about, for the user interface
 * @param now - milliseconds since the epoch
 */
export async function addNote(
  edit: ConversationEdit,
  content: JsonObject & { readonly note: string; readonly by: string },
  now: number,
): Promise<void> {
  const stamp = Math.max(toStamp(now), edit.chat.last?.stamp ?? 0);
  // The count makes the notes of one millisecond differ.
  const ref = noteRef(content.by, edit.chat.count, now);
  if ((await edit.address(ref)) !== undefined) return;
  await edit.add({
    ref,
    ids: [],
    sender: content.by,
    kind: 'note',
    content,
    time: now,
    arrived: now,
    stamp,
    quiet: true,
  });
}

/** A name that no message can have, because its digest is made of another text. */
function noteRef(by: string, count: number, now: number): string {
  return encodeBase64Url(sha256(utf8Encode(`dim-note-1\n${by}\n${count}\n${now}`))).slice(0, 22);
}
