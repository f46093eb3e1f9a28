import { expect, test } from 'vitest';
import { askOracle } from './oracle.ts';

test('a stranger who signs copies of a captured message as their own does not see which of them can be read', async () => {
  const { opened, failed, shown } = await askOracle(600);
  // Copies were opened, or this would prove nothing.
  expect(shown).toBeGreaterThan(100);
  expect(opened).toEqual(['{"sent":0,"handedBack":0,"thrown":false}']);
  expect(failed).toEqual(opened);
}, 60_000);
