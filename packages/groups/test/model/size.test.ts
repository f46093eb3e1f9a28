import { expect, test } from 'vitest';
import { add, anna, checkpoint, key, owner, remove, stateOf } from './cases.ts';

test('the state of 1,000 members and 256 live entries is computed within a few milliseconds', () => {
  const members = [owner, anna, ...Array.from({ length: 998 }, (_, at) => key(`user${at}`))];
  const start = checkpoint('start', 100, members, { floor: 99, administrators: { anna: 90 } });
  const live = Array.from({ length: 256 }, (_, at) => {
    const user = key(`user${(at * 7) % 300}`);
    return at % 2 === 0
      ? remove(`r${at}`, anna, 200 + at, [user])
      : add(`a${at}`, anna, 200 + at, [user], { over: { [user]: [`r${at - 1}`] } });
  });
  const entries = [start, ...live];
  const times: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    const before = performance.now();
    stateOf(entries);
    times.push(performance.now() - before);
  }
  // Far above what is measured, because other tests run at the same time.
  expect(Math.min(...times)).toBeLessThan(5);
  expect(stateOf(entries).live).toHaveLength(256);
});
