import { expect, test } from 'vitest';
import { simulate } from './simulation.ts';
import { BAD_NETWORK } from './simulation-options.ts';

// Run by `pnpm simulate MESSAGES SEED`, which hands both over in the environment.
const { DIM_MESSAGES = '100000', DIM_SEED = '1' } = process.env;

test('a long run over a bad network loses and doubles nothing, and swaps only what was damaged', {
  timeout: 0,
}, async () => {
  const result = await simulate({
    seed: Number(DIM_SEED),
    clients: 10,
    messages: Number(DIM_MESSAGES),
    faults: BAD_NETWORK,
  });
  console.log(JSON.stringify(result, undefined, 2));
  expect(result).toMatchObject({ lost: 0, shownTwice: 0, unconfirmed: 0 });
  // Order does not wait for what has come and cannot be opened (decision 20).
  expect(result.outOfOrder).toBeLessThanOrEqual(result.refused['crypto/decrypt'] ?? 0);
  expect(result.shown).toBe(result.sent);
});
