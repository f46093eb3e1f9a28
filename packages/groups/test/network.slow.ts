import { expect, test } from 'vitest';
import { simulate } from './simulation.ts';

// Run by `pnpm simulate:groups clients RUNS SEED`, which hands both over in the environment.
const { DIM_RUNS = '300', DIM_SEED = '1' } = process.env;

test('clients over a bad network see the same group after a quiet hour', {
  timeout: 0,
}, async () => {
  const failed: unknown[] = [];
  let entries = 0;
  for (let at = 0; at < Number(DIM_RUNS); at += 1) {
    const seed = Number(DIM_SEED) + at;
    const result = await simulate({ seed, people: 20, steps: 60 });
    entries += result.entries;
    if (result.differing.length > 0) failed.push([seed, result]);
    console.log(`seed ${seed}: ${JSON.stringify({ ...result, failures: result.failures.length })}`);
  }
  console.log(`${DIM_RUNS} runs, ${entries} entries`);
  expect(failed).toEqual([]);
});
