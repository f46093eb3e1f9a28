import { utf8Decode, utf8Encode } from '@dimp/foundation';
import { indexedDbStore } from '@dimp/store-indexeddb';

/**
 * Another tab: what a page and its workers share of a store is what two tabs share. It does what it is told and says so.
 */
async function perform([task = '', name = '', ...rest]: readonly string[]): Promise<string> {
  if (task === 'delete') {
    indexedDB.deleteDatabase(name);
    return 'asked';
  }
  const store = await indexedDbStore({ name });
  if (task === 'hold') {
    const [lock = ''] = rest;
    await new Promise<void>((resolve) => {
      void store.sharing?.lock(lock, () => {
        resolve();
        return new Promise(() => {});
      });
    });
    return 'held';
  }
  if (task === 'set') await store.set(rest, utf8Encode('of another tab'));
  if (task === 'increment') {
    const count = Number(rest[0]);
    for (let done = 0; done < count; ) {
      const seen = await store.get(['counter']);
      const next = utf8Encode(String(1 + Number(seen === undefined ? 0 : utf8Decode(seen))));
      if (await store.compareAndSet(['counter'], seen, next)) done += 1;
    }
  }
  await store.close();
  return 'done';
}

addEventListener('message', ({ data }: MessageEvent<readonly string[]>) => {
  perform(data).then(
    (result) => postMessage(result),
    (error: unknown) => postMessage(String(error)),
  );
});
