import { indexedDbStore } from '@dimp/store-indexeddb';
import { expect, test } from 'vitest';

test('where there is no IndexedDB, the store is store/unavailable', async () => {
  await expect(indexedDbStore({ name: 'account' })).rejects.toMatchObject({
    code: 'store/unavailable',
  });
});
