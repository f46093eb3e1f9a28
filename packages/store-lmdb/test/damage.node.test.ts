import { cp, mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBytes } from '@dimp/foundation';
import { lmdbStore } from '@dimp/store-lmdb';
import { seededRandom } from '@dimp/testing/network';
import { beforeAll, expect, test } from 'vitest';
import { newFolder } from './folders.ts';
import { buildPrograms, start } from './programs.ts';

beforeAll(buildPrograms);

const PAGE = 4096;

/** The data file of a store with entries, big values and free pages. */
async function makeStore(path: string): Promise<Uint8Array> {
  const store = await lmdbStore({ path });
  for (let round = 0; round < 5; round++) {
    await store.batch(
      Array.from({ length: 200 }, (_, i) => ({
        type: 'set',
        key: ['k', String((i * 7919 + round * 31) % 500)],
        value: new Uint8Array(i % 20 === 0 ? 9000 : 100).fill(i),
      })),
    );
  }
  await store.close();
  return readFile(join(path, 'data.mdb'));
}

/** A folder with a data file. */
async function folderWith(data: Uint8Array): Promise<string> {
  const path = await newFolder();
  await writeFile(join(path, 'data.mdb'), data);
  return path;
}

test('a file that is not a store is store/corrupt', async () => {
  const whole = await makeStore(join(await newFolder(), 'store'));
  const old = whole.slice();
  // The version of the format, in both states.
  for (const at of [28, PAGE + 28]) old[at] = 1;
  const files = [
    ...[
      randomBytes(50_000),
      new Uint8Array(100_000),
      new TextEncoder().encode('hello '.repeat(9999)),
    ],
    ...[
      whole.slice(0, 1),
      whole.slice(0, 100),
      whole.slice(0, PAGE),
      whole.slice(0, 2 * PAGE),
      old,
    ],
  ];
  for (const data of files) {
    await expect(lmdbStore({ path: await folderWith(data) })).rejects.toMatchObject({
      code: 'store/corrupt',
    });
  }
});

test('a truncated file is store/corrupt with any value of checkBytes', async () => {
  const path = join(await newFolder(), 'store');
  const whole = await makeStore(path);
  const lengths = [0.02, 0.1, 0.3, 0.5, 0.7, 0.9].map((part) => Math.floor(whole.length * part));
  for (const length of [...lengths, whole.length - 1, whole.length - PAGE]) {
    for (const checkBytes of [undefined, 0]) {
      const cut = await folderWith(whole.slice(0, length));
      const opening = lmdbStore({ path: cut, ...(checkBytes === undefined ? {} : { checkBytes }) });
      // The last pages may be free ones.
      const outcome = await opening.then(
        (store) => store.close().then(() => 'opened'),
        (error) => error.code,
      );
      expect(
        length < whole.length - PAGE ? ['store/corrupt'] : ['store/corrupt', 'opened'],
      ).toContain(outcome);
    }
  }
});

test('a damaged page is store/corrupt', async () => {
  const whole = await makeStore(join(await newFolder(), 'store'));
  let refused = 0;
  for (let page = 0; page < whole.length / PAGE; page += 3) {
    for (const fill of [new Uint8Array(PAGE), randomBytes(PAGE), whole.slice(0, PAGE)]) {
      const data = whole.slice();
      data.set(fill, page * PAGE);
      const path = await folderWith(data);
      try {
        // A page that is free or inside a value does no harm.
        const store = await lmdbStore({ path });
        for await (const _ of store.list([])) void 0;
        await store.close();
      } catch (error) {
        expect(error).toMatchObject({ code: 'store/corrupt' });
        refused += 1;
      }
    }
  }
  expect(refused).toBeGreaterThan(10);
});

test('a process that opens a file with flipped bits does not crash', async () => {
  const whole = await makeStore(join(await newFolder(), 'store'));
  const random = seededRandom('damage');
  for (let round = 0; round < 12; round++) {
    const data = whole.slice();
    const page = Math.floor(random.integer(data.length) / PAGE) * PAGE;
    for (let i = 0; i < 3; i++) {
      const at = page + random.integer(64);
      data[at] = (data[at] as number) ^ (1 << random.integer(8));
    }
    const child = start('use', await folderWith(data));
    await child.ended;
    expect(child.process.exitCode, `page at ${page}`).toBe(0);
    expect(child.lines.join()).toMatch(/^(store\/corrupt|used \d+)$/);
  }
});

test('an empty file, an empty folder and a damaged lock file are accepted', async () => {
  const folder = await newFolder();
  const path = join(folder, 'store');
  await makeStore(path);
  await writeFile(join(path, 'lock.mdb'), randomBytes(10_000));
  const store = await lmdbStore({ path });
  expect(await store.get(['k', '0'])).toBeDefined();
  await store.close();
  await mkdir(join(folder, 'empty'));
  await (await lmdbStore({ path: join(folder, 'empty') })).close();
  await (await lmdbStore({ path: await folderWith(new Uint8Array()) })).close();
});

test('a file without its last pages opens if those pages are free', async () => {
  const folder = await newFolder();
  const path = join(folder, 'store');
  const store = await lmdbStore({ path });
  await store.set(['keep'], new Uint8Array(10));
  await store.set(['big'], new Uint8Array(400_000));
  await store.delete(['big']);
  for (let i = 0; i < 4; i++) await store.set(['keep'], new Uint8Array(i));
  await store.close();
  // LMDB does not write these pages to the file, so the test removes them.
  await cp(path, join(folder, 'copy'), { recursive: true });
  const file = join(folder, 'copy', 'data.mdb');
  await truncate(file, (await readFile(file)).length - 40 * PAGE);
  const again = await lmdbStore({ path: join(folder, 'copy') });
  expect(await again.get(['keep'])).toEqual(new Uint8Array(3));
  await again.set(['big'], new Uint8Array(400_000).fill(7));
  expect((await again.get(['big']))?.every((byte) => byte === 7)).toBe(true);
  await again.close();
});
