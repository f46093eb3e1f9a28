import { expect, inject, test } from 'vitest';
import { run } from './world.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Whether to repeat as often as CI does: with DIM_THOROUGH=1. */
    thorough: boolean;
  }
}

const RUNS = inject('thorough') ? 500 : 100;

test.each([
  ['only programs like this one', false],
  ['deployed clients among them', true],
])('random groups with %s agree after an exchange in any order', (_, deployed) => {
  let entries = 0;
  let lists = 0;
  for (let seed = 0; seed < RUNS; seed += 1) {
    const result = run({ seed, steps: 40, deployed });
    expect(result.problems, `seed ${seed}`).toEqual([]);
    entries += result.entries;
    lists += result.lists;
  }
  expect(entries).toBeGreaterThan(RUNS * 25);
  if (deployed) expect(lists).toBeGreaterThan(RUNS / 2);
});
