import { indexedDbStore } from '@dimp/store-indexeddb';
import { expect, onTestFinished, test } from 'vitest';
import { cdp } from 'vitest/browser';

/** Chromium's own protocol: it sets a real limit, which the database has to obey. */
interface Protocol {
  send(
    method: 'Storage.overrideQuotaForOrigin',
    options: { readonly origin: string; readonly quotaSize?: number },
  ): Promise<unknown>;
}

const MEGABYTE = 1_000_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Bytes that cannot be compressed. */
function randomMegabytes(count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count * MEGABYTE);
  for (let at = 0; at < bytes.length; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  }
  return bytes;
}

test('a write beyond the quota of the browser is store/quota, and earlier records stay', async () => {
  const protocol = cdp() as unknown as Protocol;
  const { origin } = location;
  const { usage = 0 } = await navigator.storage.estimate();
  // Enough for other tests that may run beside this one.
  const quotaSize = usage + 40 * MEGABYTE;
  await protocol.send('Storage.overrideQuotaForOrigin', { origin, quotaSize });
  onTestFinished(async () => {
    await protocol.send('Storage.overrideQuotaForOrigin', { origin });
  });
  // Chromium forgets the old limit when no database is open, or after half a minute.
  await pause(3000);
  const name = `quota-${crypto.randomUUID()}`;
  const store = await indexedDbStore({ name });
  await store.set(['kept'], new Uint8Array(10));
  let written = 0;
  const fill = async (): Promise<void> => {
    for (; written < 100; written++) {
      if (written > 15) await pause(500);
      await store.set(['fill', String(written)], randomMegabytes(4));
    }
  };
  await expect(fill()).rejects.toMatchObject({ code: 'store/quota' });
  const batch = store.batch([
    { type: 'delete', key: ['kept'] },
    { type: 'set', key: ['more'], value: randomMegabytes(30) },
    { type: 'set', key: ['and more'], value: randomMegabytes(30) },
  ]);
  await expect(batch).rejects.toMatchObject({ code: 'store/quota' });
  await expect(
    store.compareAndSet(['kept'], new Uint8Array(10), randomMegabytes(60)),
  ).rejects.toMatchObject({ code: 'store/quota' });
  expect(await store.get(['kept'])).toEqual(new Uint8Array(10));
  expect(await store.get(['more'])).toBeUndefined();
  expect(await store.get(['fill', String(written)])).toBeUndefined();
  await store.delete(['fill', '0']);
  expect(await store.get(['fill', '0'])).toBeUndefined();
  await store.close();
  indexedDB.deleteDatabase(name);
});
