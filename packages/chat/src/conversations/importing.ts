import { isJsonObject, type JsonObject, ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { ConversationEdit } from '../history/conversation-edit.ts';
import { toStamp } from '../history/order.ts';
import { dataPath } from '../history/paths.ts';
import type { Account } from './account.ts';
import { newMessage } from './message-of.ts';

/** A message of another history. */
export interface ImportedMessage {
  /** ID of the author. */
  readonly sender: string;
  /** As on the wire, with `type`, `sn` and `time`: they name the message, so one that is imported again is left out. */
  readonly content: JsonObject;
  /** When it arrived or was sent, in milliseconds since the epoch. */
  readonly arrived: number;
  /** Whether the user has not seen it: it counts as unread, and `Chats.incoming` has it. False by default. */
  readonly isNew?: boolean;
}

/** Messages that are written in one batch. */
const BATCH = 64;

/**
 * Puts messages of another history into a conversation. They stand where their time puts them. Nobody is told.
 *
 * @returns how many were not here
 * @throws `format/` codes for an ID or a content that cannot be read; what was before it is imported
 */
export async function importMessages(
  account: Account,
  peer: ID,
  messages: readonly ImportedMessage[],
): Promise<number> {
  let added = 0;
  for (let at = 0; at < messages.length; at += BATCH) {
    const batch = messages.slice(at, at + BATCH);
    const { history } = account;
    added += await history.change(peer.entity, account.kindOf(peer), async (edit) => {
      let count = 0;
      for (const each of batch) if (await importOne(account, edit, each)) count += 1;
      return count;
    });
  }
  return added;
}

async function importOne(
  { user, history, parts }: Account,
  edit: ConversationEdit,
  { sender: text, content: wire, arrived, isNew = false }: ImportedMessage,
): Promise<boolean> {
  const { protocol } = parts.facebook;
  const sender = protocol.parseID(text);
  if (!isJsonObject(wire)) throw new ProtocolError('format/field', 'content must be an object');
  const content = protocol.contents.parse(wire);
  const sentTime = content.time ?? arrived / 1000;
  const stamp = toStamp(Math.round(sentTime * 1000));
  const source = { id: '', sender, sentTime, arrived, stamp, protocol };
  const { message, data } = newMessage(content, content.kind, source);
  const { ref } = message;
  // Here already, or removed by the user.
  if ((await edit.address(ref)) !== undefined) return false;
  const isOwn = sender.entity === user.entity;
  if (data !== undefined) edit.changes.set(dataPath(edit.place, ref), data);
  await edit.add({
    ...message,
    ids: [],
    ...(isOwn ? { out: true } : {}),
    ...(isNew ? {} : { quiet: true }),
  });
  if (isOwn) edit.set({ accepted: true });
  const event = { ref, event: 'added', incoming: isNew && !isOwn } as const;
  history.log.write(edit.changes, edit.place, event, history.clock.now());
  return true;
}
