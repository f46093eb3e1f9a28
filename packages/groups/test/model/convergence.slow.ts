import { expect, test } from 'vitest';
import { run } from './world.ts';

// Run by `pnpm simulate:groups RUNS SEED`, which hands both over in the environment.
const { DIM_RUNS = '20000', DIM_SEED = '1' } = process.env;

test('random groups agree after an exchange in any order, in half of the runs with deployed clients among them', {
  timeout: 0,
}, () => {
  let entries = 0;
  let lists = 0;
  for (let at = 0; at < Number(DIM_RUNS); at += 1) {
    const seed = Number(DIM_SEED) + at;
    const result = run({ seed, steps: 100, deployed: at % 2 === 1 });
    expect(result.problems, `seed ${seed}`).toEqual([]);
    entries += result.entries;
    lists += result.lists;
  }
  console.log(`${DIM_RUNS} runs, ${entries} entries, ${lists} lists of deployed clients`);
});
