import { expect, test } from 'vitest';
import { cacheStorageBlobs } from '../../src/attachments.ts';

test('Cache Storage keeps files with their size, and another page of the origin finds them', async () => {
  const name = 'b'.repeat(64);
  const blobs = cacheStorageBlobs(`test ${crypto.randomUUID()}`);
  expect(await blobs.read(name)).toBeUndefined();
  await blobs.write(name, [Uint8Array.of(1, 2), Uint8Array.of(3)]);
  expect(await blobs.read(name)).toEqual(Uint8Array.of(1, 2, 3));
  expect(await blobs.list()).toMatchObject([{ name, size: 3 }]);
  await blobs.delete(name);
  expect(await blobs.list()).toEqual([]);
});
