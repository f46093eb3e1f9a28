import { expect, test } from 'vitest';
import { BAD_NETWORK, simulate } from './simulation.ts';

const PERFECT = { lost: 0, shownTwice: 0, outOfOrder: 0, unconfirmed: 0 };
const CLIENTS = 5;
const MINUTES = 60_000;

test(
  'on a network without faults every message is shown once, in order, and confirmed',
  async () => {
    const result = await simulate({ seed: 1, clients: CLIENTS, messages: 500, faults: {} });
    expect(result).toMatchObject({ ...PERFECT, sent: 500, shown: 500, redelivered: 0 });
    expect(result.refused).toEqual({});
  },
  2 * MINUTES,
);

test.each([1, 2])(
  'over a network that drops, delays, repeats, overtakes, damages and disconnects, with programs killed in between, too (seed %i)',
  async (seed) => {
    const result = await simulate({ seed, clients: CLIENTS, messages: 1500, faults: BAD_NETWORK });
    expect(result).toMatchObject({ ...PERFECT, sent: 1500, shown: 1500 });
    // Without these the run would prove nothing.
    const { dropped, duplicated, reordered, corrupted, disconnects, restarts } = result.statistics;
    for (const fault of [dropped, duplicated, reordered, corrupted, disconnects, restarts]) {
      expect(fault).toBeGreaterThan(0);
    }
  },
  4 * MINUTES,
);

test(
  'a seed makes the same run again, and another one another',
  async () => {
    const run = (seed: number) =>
      simulate({ seed, clients: 3, messages: 300, faults: BAD_NETWORK });
    const [first, again, other] = [await run(7), await run(7), await run(8)];
    expect(again.trace).toBe(first.trace);
    expect(again.statistics).toEqual(first.statistics);
    expect(other.trace).not.toBe(first.trace);
  },
  2 * MINUTES,
);
