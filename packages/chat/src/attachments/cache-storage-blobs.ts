import type { LocalBlob, LocalBlobs } from './local-blobs.ts';

/** Never fetched: entries of the platform's cache are named by requests. */
const BASE = 'https://files.invalid/';
const SIZE = 'x-size';
const USED = 'x-used';

/**
 * Keeps files in the Cache Storage of a browser, which windows and workers of an origin share. It exists on pages of https only.
 *
 * @param cacheName - name of the cache; one for each user
 */
export function cacheStorageBlobs(cacheName: string): LocalBlobs {
  const cache = (): Promise<Cache> => caches.open(cacheName);
  return {
    async read(name) {
      const found = await (await cache()).match(BASE + name);
      return found === undefined ? undefined : new Uint8Array(await found.arrayBuffer());
    },
    async write(name, bytes) {
      const blob = new Blob(bytes.map((piece) => new Uint8Array(piece)));
      const headers = { [SIZE]: String(blob.size), [USED]: String(Date.now()) };
      await (await cache()).put(BASE + name, new Response(blob, { headers }));
    },
    async delete(name) {
      await (await cache()).delete(BASE + name);
    },
    async list() {
      const opened = await cache();
      const entries: LocalBlob[] = [];
      for (const request of await opened.keys()) {
        const headers = (await opened.match(request))?.headers;
        entries.push({
          name: request.url.slice(BASE.length),
          size: Number(headers?.get(SIZE) ?? 0),
          used: Number(headers?.get(USED) ?? 0),
        });
      }
      return entries;
    },
  };
}
