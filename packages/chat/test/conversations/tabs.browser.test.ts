import { indexedDbStore } from '@dimp/store-indexeddb';
import { expect, onTestFinished, test } from 'vitest';
import { compareTwoTabs } from './two-tabs.ts';

test('two tabs over IndexedDB show the same lists, counts and windows after random actions', async () => {
  const name = `chat-tabs-${crypto.randomUUID()}`;
  await compareTwoTabs(
    async () => {
      const store = await indexedDbStore({ name });
      onTestFinished(() => store.close());
      return store;
    },
    { seed: 3, steps: 60 },
  );
  expect.hasAssertions();
});
