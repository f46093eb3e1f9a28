import { indexedDbStore } from '@dimp/store-indexeddb';
import { openDB } from 'idb';
import { expect, onTestFinished, test } from 'vitest';

const newName = (): string => `database-${crypto.randomUUID()}`;

async function newStore(name: string) {
  const store = await indexedDbStore({ name });
  onTestFinished(() => store.close());
  return store;
}

test('a database that is not a store is refused with store/corrupt', async () => {
  const name = newName();
  const other = await openDB(name, 1, {
    upgrade: (database) => {
      database.createObjectStore('notes');
    },
  });
  await expect(indexedDbStore({ name })).rejects.toMatchObject({ code: 'store/corrupt' });
  // Its owner was not disturbed.
  await other.put('notes', 'text', 1);
  other.close();
});

test('a value or path that a store cannot have written is store/corrupt', async () => {
  const name = newName();
  const store = await newStore(name);
  await store.set(['good'], new Uint8Array(1));
  const raw = await openDB(name);
  for (const [key, value] of [
    [['bad'], 'text'],
    [['bad'], new ArrayBuffer(1)],
    [['bad'], null],
    [['bad', 5], new Uint8Array(1)],
  ] as const) {
    await raw.put('records', value, [...key]);
    if (key.length === 1) {
      await expect(store.get(['bad'])).rejects.toMatchObject({ code: 'store/corrupt' });
      await expect(
        store.compareAndSet(['bad'], undefined, new Uint8Array(1)),
      ).rejects.toMatchObject({ code: 'store/corrupt' });
    }
    await expect(
      (async () => {
        for await (const _ of store.list([])) void 0;
      })(),
    ).rejects.toMatchObject({ code: 'store/corrupt' });
    await raw.delete('records', [...key]);
  }
  expect(await store.get(['good'])).toEqual(new Uint8Array(1));
  raw.close();
});

test('a view of a large buffer is stored without the rest of the buffer', async () => {
  const name = newName();
  const store = await newStore(name);
  await store.set(['part'], new Uint8Array(1_000_000).subarray(10, 20));
  const raw = await openDB(name);
  expect((await raw.get('records', ['part'])).buffer.byteLength).toBe(10);
  raw.close();
});
