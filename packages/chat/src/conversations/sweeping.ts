import type { StoreKey } from '@dimp/core';
import { decodeRecord } from '@dimp/endpoint';
import { decodeAddress } from '../history/address.ts';
import type { ChatRecord } from '../history/chat-record.ts';
import type { ConversationEdit } from '../history/conversation-edit.ts';
import { unlessDamaged } from '../history/damage.ts';
import type { History } from '../history/history.ts';
import type { MessageRecord } from '../history/message-record.ts';
import { addressPath, dayOf } from '../history/paths.ts';
import type { Retention } from '../model/conversation.ts';
import { sweepWaiting } from './annotating.ts';

const DAY_MS = 86_400_000;
/** Messages that are removed in one batch. */
const AT_ONCE = 64;
/** Conversations that strangers have begun are kept so long. */
const REQUESTS: Retention = { days: 30, messages: 1000 };
/** A message that is older does not come again, in milliseconds. */
const COMES_AGAIN_MS = 9 * DAY_MS;

/** Forgets messages that were gone for 30 days. */
export async function sweepGone(history: History): Promise<void> {
  const { store, user } = history;
  const today = dayOf(history.clock.now());
  for await (const [path] of store.list(['gone', user])) {
    const [, , day = '', id, ref] = path;
    if (day >= today || id === undefined || ref === undefined) break;
    const address = addressPath(history.place(id), ref);
    // A damaged address is removed with its tombstone.
    const isHere = await unlessDamaged(async () => {
      const bytes = await store.get(address);
      return bytes === undefined || decodeAddress(bytes).gone === undefined;
    });
    await store.batch([
      { type: 'delete', key: path },
      ...(isHere ? [] : [{ type: 'delete' as const, key: address }]),
    ]);
  }
}

/** Removes messages whose time has come. @returns when the next one ends, in milliseconds since the epoch */
export async function sweepVanished(history: History): Promise<number | undefined> {
  const { store, user, clock } = history;
  const now = clock.now();
  const ended = new Map<string, { readonly path: StoreKey; readonly ref: string }[]>();
  let next: number | undefined;
  for await (const [path, bytes] of store.list(['vanish', user])) {
    const [, , day = '', id, ref] = path;
    if (id === undefined || ref === undefined) continue;
    // In order of days: a pass must not read what is due in weeks, because each such message makes a pass.
    if (day > dayOf(now)) {
      const begin = Number(day) * DAY_MS;
      if (begin > now) next = Math.min(next ?? begin, begin);
      break;
    }
    const stored = await unlessDamaged(() => decodeRecord(bytes, 'end of a message'));
    // If the record is damaged, the message itself says when it ends.
    const end = typeof stored === 'number' ? stored : 0;
    if (end > now) next = Math.min(next ?? end, end);
    else {
      const others = ended.get(id) ?? [];
      others.push({ path, ref });
      ended.set(id, others);
    }
  }
  for (const [id, due] of ended) {
    await history.change(id, 'person', async (edit) => {
      for (const { path, ref } of due) {
        const message = await edit.message(ref);
        const end = message?.vanishesAt ?? Number.POSITIVE_INFINITY;
        if (message !== undefined && end <= clock.now()) await remove(history, edit, message, true);
        edit.changes.delete(path);
        if (message?.vanishesAt !== undefined && end > clock.now()) edit.vanishAt(ref, end);
      }
    });
  }
  return next;
}

/** Removes annotations that have waited too long, and shows edits whose messages never came. */
export async function sweepPending(history: History, id: string): Promise<void> {
  await history.change(id, 'person', async (edit) => {
    const now = history.clock.now();
    for (const message of await sweepWaiting(edit, now)) {
      if ((await edit.address(message.ref)) !== undefined) continue;
      await edit.add(message);
      const entry = { ref: message.ref, event: 'added', incoming: message.out !== true } as const;
      history.log.write(edit.changes, edit.place, entry, now);
    }
  });
}

/**
 * Removes messages that a conversation keeps no longer, the oldest first. Starred ones stay.
 *
 * @param pause - lets other work run
 */
export async function applyRetention(
  history: History,
  id: string,
  chat: ChatRecord,
  byDefault: Retention | undefined,
  pause: () => Promise<void>,
): Promise<void> {
  const kept = chat.request === undefined ? (chat.retention ?? byDefault) : REQUESTS;
  if (kept === undefined) return;
  for (let more = true; more; ) {
    more = await history.change(id, chat.kind, (edit) => removeOldest(history, edit, kept));
    if (more) await pause();
  }
}

/** @returns whether there may be more */
async function removeOldest(
  history: History,
  edit: ConversationEdit,
  { days, messages = Number.POSITIVE_INFINITY }: Retention,
): Promise<boolean> {
  const now = history.clock.now();
  const oldest = days === undefined ? Number.NEGATIVE_INFINITY : now - days * DAY_MS;
  const due: MessageRecord[] = [];
  let left = edit.chat.count;
  walk: for await (const page of edit.ascending()) {
    for (const message of page) {
      if (due.length === AT_ONCE) break walk;
      if (message.stamp >= oldest && left <= messages) break walk;
      if (message.starred) continue;
      due.push(message);
      left -= 1;
    }
  }
  for (const message of due) {
    await remove(history, edit, message, now - message.arrived < COMES_AGAIN_MS);
  }
  // Strangers must not fill the list of conversations for ever.
  const { request, count, pending, draft, blocked } = edit.chat;
  const isNothing = count === 0 && pending === 0 && draft === undefined && !blocked;
  if (request !== undefined && isNothing) edit.forget();
  return due.length === AT_ONCE;
}

async function remove(
  history: History,
  edit: ConversationEdit,
  message: MessageRecord,
  mayComeAgain: boolean,
): Promise<void> {
  const now = history.clock.now();
  await edit.remove(message, mayComeAgain ? now : undefined);
  const { ref, stamp } = message;
  history.log.write(edit.changes, edit.place, { ref, event: 'removed', stamp }, now);
}
