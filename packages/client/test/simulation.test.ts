import type { NetworkFaults } from '@dimp/testing/network';
import { expect, inject, test } from 'vitest';
import { simulate } from './simulation.ts';
import { BAD_NETWORK } from './simulation-options.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Whether to repeat as often as CI does: with DIM_THOROUGH=1. */
    thorough: boolean;
  }
}

const PERFECT = { lost: 0, shownTwice: 0, outOfOrder: 0, unconfirmed: 0 };
const CLIENTS = 5;
const MINUTES = 60_000;
const THOROUGH = inject('thorough');
/** A short run must meet each kind of fault too. */
const FAULTS: NetworkFaults = THOROUGH
  ? BAD_NETWORK
  : {
      ...BAD_NETWORK,
      corrupt: 0.01,
      disconnect: { every: [5000, 30_000], for: [100, 10_000] },
      restart: { every: [5000, 30_000] },
    };
/** Messages on a good and on a bad network, and with peers that are not alike. */
const [GOOD, BAD, MIXED] = THOROUGH ? [500, 1500, 400] : [200, 400, 150];

test(
  'on a network without faults every message is shown once, in order, and confirmed',
  async () => {
    const result = await simulate({ seed: 1, clients: CLIENTS, messages: GOOD, faults: {} });
    expect(result).toMatchObject({ ...PERFECT, sent: GOOD, shown: GOOD, redelivered: 0 });
    expect(result.refused).toEqual({});
  },
  2 * MINUTES,
);

test(
  'over a network that drops, delays, repeats, overtakes and disconnects, with programs killed in between, too',
  async () => {
    const faults = { ...FAULTS, corrupt: 0 };
    const result = await simulate({ seed: 1, clients: CLIENTS, messages: BAD, faults });
    expect(result).toMatchObject({ ...PERFECT, sent: BAD, shown: BAD });
    // Without these the run would prove nothing.
    const { dropped, duplicated, reordered, disconnects, restarts } = result.statistics;
    for (const fault of [dropped, duplicated, reordered, disconnects, restarts]) {
      expect(fault).toBeGreaterThan(0);
    }
  },
  4 * MINUTES,
);

test(
  'over a network that damages as well: order does not wait for what has come and cannot be opened (decision 20)',
  async () => {
    const result = await simulate({
      seed: 2,
      clients: CLIENTS,
      messages: BAD,
      faults: FAULTS,
    });
    const { outOfOrder: _, ...others } = PERFECT;
    expect(result).toMatchObject({ ...others, sent: BAD, shown: BAD });
    expect(result.statistics.corrupted).toBeGreaterThan(0);
    expect(result.outOfOrder).toBeLessThanOrEqual(result.refused['crypto/decrypt'] ?? 0);
  },
  4 * MINUTES,
);

test(
  'a seed makes the same run again, and another one another',
  async () => {
    const run = (seed: number) =>
      simulate({ seed, clients: 3, messages: THOROUGH ? 300 : 60, faults: BAD_NETWORK });
    const [first, again, other] = [await run(7), await run(7), await run(8)];
    expect(again.trace).toBe(first.trace);
    expect(again.statistics).toEqual(first.statistics);
    expect(other.trace).not.toBe(first.trace);
  },
  2 * MINUTES,
);

/** Ten minutes, the documented time, and the time that a look at the clock may take. */
const ORDER_TIMEOUT = 10 * MINUTES;

test(
  'peers of an older generation, and people who begin anew from their words, get everything',
  async () => {
    const result = await simulate({
      seed: 3,
      clients: 5,
      messages: MIXED,
      faults: { ...BAD_NETWORK, corrupt: 0 },
      peers: { old: 1, anew: 2 },
    });
    expect(result).toMatchObject({ lost: 0, shownTwice: 0, unconfirmed: 0 });
    expect(result.shown).toBe(result.sent);
    expect(result.longestWait).toBeLessThanOrEqual(ORDER_TIMEOUT);
  },
  4 * MINUTES,
);

test(
  'people with two devices, each with a key of its own, get everything, and their senders hear of it',
  async () => {
    const result = await simulate({
      seed: 5,
      clients: 4,
      messages: THOROUGH ? 200 : 80,
      faults: { ...BAD_NETWORK, corrupt: 0 },
      peers: { terminals: 2 },
    });
    expect(result).toMatchObject({ lost: 0, shownTwice: 0, unconfirmed: 0 });
    expect(result.longestWait).toBeLessThanOrEqual(ORDER_TIMEOUT);
  },
  4 * MINUTES,
);

test(
  'what a station says to have delivered, and drops, arrives in the end, and keeps nothing else waiting for long',
  async () => {
    const result = await simulate({
      seed: 4,
      clients: 5,
      messages: MIXED,
      faults: { delay: [20, 400], reorder: 0.1 },
      stationDrops: 0.05,
    });
    expect(result).toMatchObject({ lost: 0, shownTwice: 0, unconfirmed: 0 });
    expect(result.dropped).toBeGreaterThan(0);
    // What waited for a dropped message was told of, and shown after the documented time.
    expect(result.waited).toBeGreaterThan(0);
    expect(result.longestWait).toBeLessThanOrEqual(ORDER_TIMEOUT);
  },
  4 * MINUTES,
);
