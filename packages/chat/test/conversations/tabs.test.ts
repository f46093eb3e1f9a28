import { tabs } from '@dimp/testing/stores';
import { expect, test } from 'vitest';
import { compareTwoTabs } from './two-tabs.ts';

test.each([1, 2])(
  'two tabs show the same lists, counts and windows after random actions (seed %i)',
  async (seed) => {
    const shared = tabs();
    await compareTwoTabs(async () => shared.open(), { seed, steps: 60 });
    expect.hasAssertions();
  },
);
