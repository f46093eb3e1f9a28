import { type StoreKey, withLock } from '@dimp/core';
import { utf8Decode, utf8Encode } from '@dimp/foundation';
import { indexedDbStore } from '@dimp/store-indexeddb';
import { deleteDB, openDB } from 'idb';
import { expect, onTestFinished, test, vi } from 'vitest';

/** A name that no store had before. */
const newName = (): string => `tabs-${crypto.randomUUID()}`;

/** A worker, which is to Web Locks, BroadcastChannel and IndexedDB what another tab is. */
function newTab(): { tell(...task: readonly string[]): Promise<string>; close(): void } {
  const worker = new Worker(new URL('./tab.worker.ts', import.meta.url), { type: 'module' });
  onTestFinished(() => worker.terminate());
  return {
    tell: (...task) =>
      new Promise((resolve, reject) => {
        worker.addEventListener('message', ({ data }) => resolve(data), { once: true });
        worker.addEventListener('error', ({ message }) => reject(new Error(message)), {
          once: true,
        });
        worker.postMessage(task);
      }),
    close: () => worker.terminate(),
  };
}

async function newStore(name: string) {
  const store = await indexedDbStore({ name });
  onTestFinished(() => store.close());
  return store;
}

test('two tabs that increment a counter at the same time lose no increment', async () => {
  const name = newName();
  const tabs = [newTab(), newTab()];
  const results = await Promise.all(tabs.map((tab) => tab.tell('increment', name, '1000')));
  expect(results).toEqual(['done', 'done']);
  const store = await newStore(name);
  expect(utf8Decode((await store.get(['counter'])) ?? new Uint8Array())).toBe('2000');
});

test('a tab is notified of a change by another tab and can read it', async () => {
  const name = newName();
  const store = await newStore(name);
  const heard: StoreKey[] = [];
  store.sharing?.watch((keys) => heard.push(...keys));
  await store.set(['own'], utf8Encode('x'));
  const tab = newTab();
  expect(await tab.tell('set', name, 'from', 'there')).toBe('done');
  await vi.waitFor(() => expect(heard).toEqual([['from', 'there']]));
  expect(await store.get(['from', 'there'])).toEqual(utf8Encode('of another tab'));
});

test('a lock that another tab holds is free when that tab is gone', async () => {
  const name = newName();
  const store = await newStore(name);
  const tab = newTab();
  expect(await tab.tell('hold', name, 'sender')).toBe('held');
  const impatient = new AbortController();
  const waiting = withLock(store, 'sender', async () => 'mine', impatient.signal);
  const reason = new Error('no longer');
  impatient.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  expect(await withLock(store, 'another', async () => 'mine')).toBe('mine');
  const patient = withLock(store, 'sender', async () => 'mine');
  tab.close();
  expect(await patient).toBe('mine');
});

test('a request that is aborted at once is rejected, and does not take the lock later', async () => {
  const name = newName();
  const store = await newStore(name);
  const tab = newTab();
  await tab.tell('hold', name, 'sender');
  const reason = new Error('no longer');
  let ran = 0;
  for (const pause of [0, 1, 5]) {
    const impatient = new AbortController();
    const waiting = store.sharing?.lock('sender', async () => ran++, impatient.signal);
    const refused = expect(waiting).rejects.toBe(reason);
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    impatient.abort(reason);
    await refused;
  }
  tab.close();
  expect(await withLock(store, 'sender', async () => 'mine')).toBe('mine');
  expect(ran).toBe(0);
});

test('opening behind a blocked deletion fails after the timeout', async () => {
  const name = newName();
  const stubborn = await openDB(name, 1, {
    upgrade: (database) => {
      database.createObjectStore('records');
    },
  });
  const deleted = deleteDB(name);
  await expect(indexedDbStore({ name, timeout: 200 })).rejects.toMatchObject({
    code: 'store/unavailable',
  });
  stubborn.close();
  await deleted;
  // The database that opened too late was closed, and blocks no one.
  await deleteDB(name);
  await (await indexedDbStore({ name })).close();
});

test('closing the store rejects waiting lock requests with state/stopped', async () => {
  const name = newName();
  const store = await newStore(name);
  const tab = newTab();
  await tab.tell('hold', name, 'sender');
  const waiting = store.sharing?.lock('sender', async () => {});
  const refused = expect(waiting).rejects.toMatchObject({ code: 'state/stopped' });
  await store.close();
  await refused;
});

test('a store that another tab deletes closes, and is store/unavailable from then on', async () => {
  const name = newName();
  const store = await newStore(name);
  await store.set(['k'], new Uint8Array(1));
  const listing = store.list([])[Symbol.asyncIterator]();
  await store.batch(
    Array.from({ length: 50 }, (_, i) => ({
      type: 'set',
      key: ['n', String(i)],
      value: new Uint8Array(1),
    })),
  );
  await listing.next();
  const tab = newTab();
  await tab.tell('delete', name);
  await vi.waitFor(() =>
    expect(store.get(['k'])).rejects.toMatchObject({ code: 'store/unavailable' }),
  );
  const unavailable = { code: 'store/unavailable' };
  await expect(store.set(['k'], new Uint8Array(1))).rejects.toMatchObject(unavailable);
  await expect(store.compareAndSet(['k'], undefined, undefined)).rejects.toMatchObject(unavailable);
  await expect(store.sharing?.lock('l', async () => {})).rejects.toMatchObject(unavailable);
  await expect(
    (async () => {
      while ((await listing.next()).done !== true);
    })(),
  ).rejects.toMatchObject(unavailable);
  await store.close();
  await expect(store.get(['k'])).rejects.toMatchObject({ code: 'state/stopped' });
  // It did not stand in the way: the name is free, and empty.
  const again = await newStore(name);
  expect(await again.get(['k'])).toBeUndefined();
});

test('a newer version of the program can upgrade the database', async () => {
  const name = newName();
  const store = await newStore(name);
  const upgraded = new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(name, 2);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('blocked'));
  });
  const database = await upgraded;
  await expect(store.get(['k'])).rejects.toMatchObject({ code: 'store/unavailable' });
  await expect(indexedDbStore({ name })).rejects.toMatchObject({ code: 'store/unavailable' });
  database.close();
});

test('messages in the channel that are not paths are ignored', async () => {
  const name = newName();
  const store = await newStore(name);
  const heard: unknown[] = [];
  store.sharing?.watch((keys) => heard.push(keys));
  const channel = new BroadcastChannel(`dimp store ${JSON.stringify(name)}`);
  const junk = [null, 'text', 5, {}, [5], [[5]], [['a'], null], [['a', {}]], new Uint8Array(5)];
  for (const message of junk) channel.postMessage(message);
  channel.postMessage([['a', 'b']]);
  await vi.waitFor(() => expect(heard).toEqual([[['a', 'b']]]));
  channel.close();
});
