import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { fileBlobs } from '../../src/attachments-files.node.ts';

const NAME = 'a'.repeat(64);

test('files lie in a folder of the user, are written as a whole, and are listed after a restart', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'dim-blobs-'));
  onTestFinished(() => rm(parent, { recursive: true }));
  const folder = join(parent, 'files');
  const blobs = fileBlobs(folder);
  expect(await blobs.list()).toEqual([]);
  expect(await blobs.read(NAME)).toBeUndefined();
  await blobs.write(NAME, [Uint8Array.of(1, 2), Uint8Array.of(3)]);
  await writeFile(join(folder, `${NAME}.x.tmp`), 'unfinished');
  await writeFile(join(folder, 'notes.txt'), 'of somebody else');
  expect(await blobs.read(NAME)).toEqual(Buffer.of(1, 2, 3));
  expect(await fileBlobs(folder).list()).toMatchObject([{ name: NAME, size: 3 }]);
  expect((await readdir(folder)).sort()).toEqual([NAME, 'notes.txt']);
  if (process.platform !== 'win32') {
    expect((await stat(join(folder, NAME))).mode & 0o077).toBe(0);
    expect((await stat(folder)).mode & 0o077).toBe(0);
  }
  await blobs.delete(NAME);
  await blobs.delete(NAME);
  expect(await blobs.list()).toEqual([]);
  await expect(blobs.read('../secret')).rejects.toThrow(TypeError);
});
