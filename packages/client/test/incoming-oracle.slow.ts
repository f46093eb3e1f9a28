import { expect, test } from 'vitest';
import { askOracle } from './oracle.ts';

test('10,000 signed copies of captured messages show nothing of which of them can be read', {
  timeout: 0,
}, async () => {
  const { opened, failed, shown } = await askOracle(10_000);
  expect(shown).toBeGreaterThan(2000);
  expect(opened).toEqual(['{"sent":0,"handedBack":0,"thrown":false}']);
  expect(failed).toEqual(opened);
});
