import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lmdbStore } from '@dimp/store-lmdb';
import { expect, onTestFinished, test } from 'vitest';
import { HistoryModel } from './history-model.ts';

test('pages, windows and counts over LMDB equal those of a list in memory', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chat-history-'));
  const store = await lmdbStore({ path: folder });
  onTestFinished(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });
  const model = new HistoryModel(store, 77);
  for (let step = 0; step < 10; step++) {
    await model.step();
    await model.check();
  }
  expect.hasAssertions();
});
