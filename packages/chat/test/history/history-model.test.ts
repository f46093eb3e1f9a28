import { memoryStore } from '@dimp/core/memory';
import { expect, test } from 'vitest';
import { HistoryModel } from './history-model.ts';

const SEEDS = [77, 80, 5];
const STEPS = 12;

test.each(SEEDS)(
  'pages, windows and counts equal those of a list in memory (seed %i)',
  async (seed) => {
    const model = new HistoryModel(memoryStore(), seed);
    for (let step = 0; step < STEPS; step++) {
      await model.step();
      await model.check();
    }
    expect.hasAssertions();
  },
);
