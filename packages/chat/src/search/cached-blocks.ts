import type { Store } from '@dimp/core';
import { LruMap } from '@dimp/foundation';

/**
 * Reads blocks of segments, and keeps those that were used last. Blocks never change.
 *
 * @param count - how many blocks of at most 32 KiB are kept
 */
export function cachedBlocks(store: Pick<Store, 'get'>, count: number): Pick<Store, 'get'> {
  const blocks = new LruMap<string, Uint8Array>(count);
  return {
    async get(key) {
      const name = key.join('/');
      const known = blocks.get(name);
      if (known !== undefined) return known;
      const block = await store.get(key);
      if (block !== undefined) blocks.set(name, block);
      return block;
    },
  };
}
