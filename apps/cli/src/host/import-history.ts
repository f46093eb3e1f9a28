import type { Chats, ImportedMessage } from '@dimp/chat';
import type { Messenger } from '@dimp/client';
import type { Store, StoreKey } from '@dimp/core';
import { sha256 } from '@dimp/crypto/digests';
import { chatContents } from '@dimp/extensions/chat';
import { isJsonObject, parseJson, utf8Encode } from '@dimp/foundation';
import { groupOf } from './group-of.ts';

/** Where programs before this one kept the messages of each conversation: `history`, the peer, a position. */
const OLD_HISTORY = 'history';
/** Notes that all of it is in the conversations, so that it can be removed. */
const DONE: StoreKey = ['cli', 'history-imported'];
/** Entries that are imported or removed at a time. */
const BATCH = 256;

/** A conversation that can be imported into. */
type Target = Pick<Chats, 'import'>;

/**
 * Moves the history of older programs into the conversations, once. An import that was interrupted begins again and leaves out what
 * is there; the old history is removed when all of it was imported.
 *
 * @param user - ID of the user
 */
export async function importOldHistory(store: Store, user: string, chats: Target): Promise<void> {
  if ((await store.get(DONE)) === undefined) {
    await importAll(store, user, chats);
    await store.set(DONE, utf8Encode('1'));
  }
  await removeAll(store);
}

/**
 * Moves messages that an older program has received and never shown into the conversations, as new ones.
 *
 * @param signal - ends waiting for more of them
 */
export async function importUnshown(
  messenger: Messenger,
  chats: Target,
  signal: AbortSignal,
): Promise<void> {
  for await (const { envelope, content, arrived, user } of messenger.messages({ signal })) {
    const { sender, receiver } = envelope;
    const peer = groupOf(envelope, content) ?? (sender.entity === user.entity ? receiver : sender);
    // What says something about another message is no message.
    if (peer.isBroadcast || chatContents.some(({ kind }) => kind === content.kind)) continue;
    const wire = { ...content.wire, time: content.time ?? envelope.time };
    await chats.import(peer.text, [
      { sender: sender.text, content: wire, arrived: Math.round(arrived), isNew: true },
    ]);
  }
}

async function importAll(store: Store, user: string, chats: Target): Promise<void> {
  let peer = '';
  let batch: ImportedMessage[] = [];
  const write = async (): Promise<void> => {
    if (batch.length > 0) await chats.import(peer, batch);
    batch = [];
  };
  for await (const [[, of = ''], bytes] of store.list([OLD_HISTORY])) {
    if (of !== peer || batch.length >= BATCH) await write();
    peer = of;
    const message = readEntry(bytes, user);
    if (message !== undefined) batch.push(message);
  }
  await write();
}

async function removeAll(store: Store): Promise<void> {
  let batch: StoreKey[] = [];
  const write = async (): Promise<void> => {
    if (batch.length > 0) await store.batch(batch.map((key) => ({ type: 'delete', key })));
    batch = [];
  };
  for await (const [key] of store.list([OLD_HISTORY])) {
    batch.push(key);
    if (batch.length >= BATCH) await write();
  }
  await write();
}

/** @returns undefined for a damaged entry, which must not keep the others back */
function readEntry(bytes: Uint8Array, user: string): ImportedMessage | undefined {
  try {
    const wire = parseJson(bytes);
    if (!isJsonObject(wire)) return undefined;
    const { id, direction, sender, text, time } = wire;
    if (typeof id !== 'string' || typeof text !== 'string' || typeof time !== 'number') {
      return undefined;
    }
    if (typeof sender !== 'string') return undefined;
    return {
      sender: direction === 'out' ? user : sender,
      // Older programs kept the text only. The name of the entry makes a serial number, the same each time.
      content: { type: '1', sn: numberOf(id), time, text },
      arrived: Math.round(time * 1000),
    };
  } catch {
    return undefined;
  }
}

/** A number of 31 bits, not 0. */
function numberOf(name: string): number {
  const digest = sha256(utf8Encode(name));
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0) >>> 1 || 1;
}
