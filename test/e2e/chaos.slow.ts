import { expect, test } from 'vitest';
import { chaos } from './chaos.node.ts';

// Run by `pnpm chaos SECONDS SEED`, which sets both in the environment.
const { DIM_SECONDS = '300', DIM_SEED = '1' } = process.env;

test('a long run of kills and cuts loses, duplicates and reorders nothing', {
  timeout: 0,
}, async () => {
  const seconds = Number(DIM_SECONDS);
  const result = await chaos({
    seed: Number(DIM_SEED),
    clients: 5,
    messages: 40 * seconds,
    duration: 1000 * seconds,
    patience: 300_000,
  });
  console.log(JSON.stringify(result, undefined, 2));
  expect(result).toMatchObject({ lost: [], shownTwice: [], outOfOrder: [] });
  expect(result.shown).toBeGreaterThanOrEqual(result.sent);
});
