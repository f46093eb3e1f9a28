import { encodeRecord } from '@dimp/endpoint';
import { equalBytes, isProtocolError } from '@dimp/foundation';
import type { ConversationEdit } from '../history/conversation-edit.ts';
import type { MessageRecord } from '../history/message-record.ts';
import { jobPath, unknownPath } from '../history/paths.ts';
import { annotationOf } from '../merge/annotation-of.ts';
import type { Account } from './account.ts';
import { annotate } from './annotating.ts';
import { newMessage } from './message-of.ts';
import { isModerator } from './rights.ts';

/** Reads contents again that an earlier version of this program could not read, if it knows more kinds now. */
export async function rereadUnknown(account: Account): Promise<void> {
  const { history, parts } = account;
  const { store, user } = history;
  const kinds = parts.facebook.protocol.contents.types
    .map(({ kind }) => String(kind))
    .sort()
    .join();
  const path = jobPath(user, 'reread');
  const known = await store.get(path);
  if (known !== undefined && equalBytes(known, encodeRecord(kinds))) return;
  const unknown: (readonly [id: string, ref: string])[] = [];
  for await (const [[, , id, ref]] of store.list(['msg-unknown', user])) {
    if (id !== undefined && ref !== undefined) unknown.push([id, ref]);
  }
  for (const [id, ref] of unknown) {
    await history.change(id, 'person', async (edit) => {
      const message = await edit.message(ref);
      if (message === undefined) edit.changes.delete(unknownPath(edit.place, ref));
      else await reread(account, edit, message);
    });
  }
  await store.set(path, encodeRecord(kinds));
}

async function reread(
  account: Account,
  edit: ConversationEdit,
  message: MessageRecord,
): Promise<void> {
  const { history, parts } = account;
  const { facebook, limits } = parts;
  const { contents } = facebook.protocol;
  const { ref, time, arrived, stamp } = message;
  const content = readable(() => contents.parse(message.content));
  if (content === undefined || content.kind === 'unknown') return;
  edit.changes.delete(unknownPath(edit.place, ref));
  const [sender, peer] = [account.id(message.sender), account.id(edit.place.id)];
  const log = (event: 'changed' | 'removed'): void =>
    history.log.write(edit.changes, edit.place, { ref, event, stamp }, history.clock.now());
  const annotation = annotationOf(content, {
    sender,
    time,
    arrived,
    moderator: peer.isGroup && (await isModerator(facebook, peer, sender)),
    group: peer.isGroup,
  });
  if (annotation === undefined) {
    const source = { id: '', sender, sentTime: time / 1000, arrived, stamp };
    const made = newMessage(content, content.kind, { ...source, protocol: facebook.protocol });
    const { text: _, ...rest } = message;
    const { kind, text } = made.message;
    await edit.replace(message, { ...rest, kind, ...(text === undefined ? {} : { text }) });
    log('changed');
    return;
  }
  // It was never a message; it says something about one.
  await edit.remove(message, undefined);
  log('removed');
  try {
    await annotate(edit, annotation, limits);
  } catch (error) {
    if (!isProtocolError(error)) throw error;
  }
}

/** @returns undefined for a content that its type refuses: a peer has written it, and it must not end the work */
function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!isProtocolError(error)) throw error;
    return undefined;
  }
}
