import { expect, test } from 'vitest';
import { simulate } from './simulation.ts';

test('clients over a bad network see the same group after a quiet hour', async () => {
  const result = await simulate({ seed: 1, people: 7, steps: 25 });
  expect(result.differing).toEqual([]);
  expect(result.entries).toBeGreaterThan(5);
});
