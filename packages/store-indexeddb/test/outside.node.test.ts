import { indexedDbStore } from '@dimp/store-indexeddb';
import { expect, test } from 'vitest';

test('opening fails with store/unavailable where IndexedDB is missing', async () => {
  await expect(indexedDbStore({ name: 'account' })).rejects.toMatchObject({
    code: 'store/unavailable',
  });
});
