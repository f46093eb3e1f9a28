import { indexedDbStore } from '@dimp/store-indexeddb';
import { type StoreKind, storeKinds } from './stores.ts';

let opened = 0;
const indexedDb: StoreKind = {
  name: 'IndexedDB',
  open: () => {
    opened += 1;
    return indexedDbStore({ name: `bench ${opened}` });
  },
};

/** In a browser: IndexedDB, of a profile that goes with the browser. */
export const browserStores: readonly StoreKind[] = storeKinds(indexedDb);
