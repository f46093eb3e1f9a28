import { expect, test } from 'vitest';
import { EXTENSIONS } from '../../apps/cli/src/account/protocol.ts';
import { importOldHistory } from '../../apps/cli/src/host/import-history.ts';
import { openClient } from '../../packages/chat/src/client.ts';
import type { Chats, ImportedMessage } from '../../packages/chat/src/index.ts';
import type { Store } from '../../packages/core/src/index.ts';
import { memoryStore } from '../../packages/core/src/memory.ts';
import { utf8Encode } from '../../packages/foundation/src/index.ts';

const HULK = 'hulk@4YeVEN3aUnvC1DNUufCq1bs9zoBSJTzVEj';
const MOKI = 'moki@4WDfe3zZ4T7opFSi3iDAKiuTnUHjxmXekk';

/** Entries as an older program has written them. */
async function oldHistory(store: Store, user: string, count: number): Promise<void> {
  for (const peer of [HULK, MOKI]) {
    for (let at = 0; at < count; at++) {
      const entry = {
        id: `${peer} ${at}`,
        direction: at % 3 === 0 ? 'out' : 'in',
        sender: at % 3 === 0 ? user : peer,
        kind: 'text',
        text: `text ${at}`,
        time: 1_700_000_000.5 + at,
      };
      const key = ['history', peer, String(1_700_000_000_000 + at).padStart(15, '0')];
      await store.set(key, utf8Encode(JSON.stringify(entry)));
    }
  }
}

async function rest(store: Store): Promise<number> {
  let count = 0;
  for await (const _ of store.list(['history'])) count += 1;
  return count;
}

test('the history of older programs is in the conversations once, however often its import was interrupted', async () => {
  const store = memoryStore();
  const client = await openClient({
    store,
    extensions: EXTENSIONS,
    user: { name: 'me', algorithm: 'Ed25519' },
  });
  const { parts } = client;
  if (parts === undefined) expect.unreachable();
  const user = parts.user.id.text;
  await oldHistory(store, user, 600);
  await store.set(['history', HULK, '000000000000001'], utf8Encode('damaged'));
  for (let failAt = 1; failAt <= 4; failAt++) {
    let calls = 0;
    const breaking: Pick<Chats, 'import'> = {
      import: (id: string, messages: readonly ImportedMessage[]) => {
        calls += 1;
        if (calls === failAt) throw new Error('the program was killed');
        return parts.chats.import(id, messages);
      },
    };
    await expect(importOldHistory(store, user, breaking)).rejects.toThrow('killed');
    // Nothing is removed before all of it is there.
    expect(await rest(store)).toBe(1201);
  }
  await importOldHistory(store, user, parts.chats);
  expect(await rest(store)).toBe(0);
  // A second run does nothing, also if the removal was interrupted.
  await store.set(['history', HULK, '000000000000002'], utf8Encode('left'));
  await importOldHistory(store, user, { import: () => expect.unreachable() });
  expect(await rest(store)).toBe(0);
  for (const peer of [HULK, MOKI]) {
    const chat = await client.chats.open(peer);
    const shown: string[] = [];
    for await (const { text, mine } of chat.messages()) shown.push(`${mine} ${text}`);
    expect(shown).toEqual(Array.from({ length: 600 }, (_, at) => `${at % 3 === 0} text ${at}`));
    expect((await chat.summary.ready).unread).toBe(0);
  }
  await client.close();
});
