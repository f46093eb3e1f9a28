import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from '@dimp/core';
import { lmdbStore } from '@dimp/store-lmdb';
import { type StoreKind, storeKinds } from './stores.ts';

const lmdb: StoreKind = {
  name: 'LMDB',
  async open(): Promise<Store> {
    const path = await mkdtemp(join(tmpdir(), 'dim-bench-'));
    const store = await lmdbStore({ path });
    const close = store.close.bind(store);
    store.close = async () => {
      await close();
      await rm(path, { recursive: true, force: true });
    };
    return store;
  },
};

/** In Node: LMDB in the folder for temporary files. */
export const nodeStores: readonly StoreKind[] = storeKinds(lmdb);
