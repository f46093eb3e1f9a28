import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Store, StoreChange, Timers } from '@dimp/core';
import { systemClock, systemTimers } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { VirtualTime } from '@dimp/testing/network';
import { expect, test } from 'vitest';
import { GroupCommit } from '../src/inbox/group-commit.ts';
import { silentMetrics } from '../src/index.ts';

/** A store that writes when it is told to, or fails. */
function slowStore() {
  const inner = memoryStore();
  const batches: (readonly StoreChange[])[] = [];
  const turns: ((error?: unknown) => void)[] = [];
  const store: Store = Object.assign(Object.create(inner), {
    batch(changes: readonly StoreChange[]) {
      batches.push(changes);
      return new Promise<void>((resolve, reject) => {
        turns.push((error) => {
          if (error === undefined) resolve(inner.batch(changes));
          else reject(error);
        });
      });
    },
  });
  return { store, inner, batches, turns };
}

function commits(store: Store, outcomes: unknown[] = []): GroupCommit {
  const onBatch = (error: unknown): void => {
    outcomes.push(error);
  };
  const clock = systemClock;
  return new GroupCommit({ store, timers: systemTimers, clock, metrics: silentMetrics, onBatch });
}

function entry(name: string, length = 1): StoreChange & { readonly type: 'set' } {
  return { type: 'set', key: [name], value: new Uint8Array(length) };
}

/** Longer than one batch waits for another. */
async function turn(): Promise<void> {
  await setTimeout(20);
}

test('changes that arrive while a batch is written share the next one, and are confirmed in order', async () => {
  const { store, batches, turns } = slowStore();
  const group = commits(store);
  const told: string[] = [];
  for (const name of ['a', 'b']) group.write(entry(name), () => told.push(name));
  await turn();
  for (const name of ['c', 'd', 'e']) group.write(entry(name), () => told.push(name));
  await turn();
  expect(batches.map((batch) => batch.length)).toEqual([2]);
  expect(told).toEqual([]);
  turns[0]?.();
  await turn();
  expect(told).toEqual(['a', 'b']);
  expect(batches.map((batch) => batch.length)).toEqual([2, 3]);
  turns[1]?.();
  await turn();
  expect(told).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(group.waiting).toBe(0);
});

test('a batch waits a little for more changes, unless nothing was written lately', async () => {
  const time = new VirtualTime();
  const times: number[] = [];
  const store: Store = Object.assign(Object.create(memoryStore()), {
    batch: async () => {
      times.push(time.now());
    },
  });
  // The work of a timer is done before the next one.
  const timers: Timers = {
    after: (delay, task) =>
      time.after(delay, async () => {
        await task();
        await setImmediate();
      }),
  };
  const metrics = silentMetrics;
  const group = new GroupCommit({ store, timers, clock: time, metrics, onBatch: () => {} });
  const start = time.now();
  for (const at of [0, 1, 2, 3, 100, 101]) {
    timers.after(at, () => group.write(entry(`${at}`), () => {}));
  }
  await time.run();
  expect(times.map((at) => at - start)).toEqual([0, 5, 100, 105]);
});

test('all callers of a failed batch get the error, and the next batch is tried', async () => {
  const { store, inner, turns } = slowStore();
  const outcomes: unknown[] = [];
  const group = commits(store, outcomes);
  const told: unknown[] = [];
  const failure = new Error('no disk');
  for (const name of ['a', 'b']) group.write(entry(name), (error) => told.push(error));
  await turn();
  group.write(entry('c'), (error) => told.push(error));
  turns[0]?.(failure);
  await turn();
  turns[1]?.();
  await turn();
  expect(told).toEqual([failure, failure, undefined]);
  expect(outcomes).toEqual([failure, undefined]);
  expect(await inner.get(['a'])).toBeUndefined();
  expect(await inner.get(['c'])).toBeDefined();
});

test('removals are written on their own, so that they make room on a full disk', async () => {
  const { store, batches, turns } = slowStore();
  const group = commits(store);
  let failed: unknown;
  group.remove(['old']);
  group.write(entry('new'), (error) => {
    failed = error;
  });
  await turn();
  expect(batches.map((batch) => batch.map(({ type }) => type))).toEqual([['delete'], ['set']]);
  turns[0]?.();
  turns[1]?.(new Error('no room'));
  await turn();
  expect(failed).toBeInstanceOf(Error);
});

test('a caller with too many changes waits until there is room', async () => {
  const { store, turns } = slowStore();
  const group = commits(store);
  for (let i = 0; i < 40; i++) group.write(entry(`${i}`, 1024 * 1024), () => {});
  let through = false;
  const waiting = group.room()?.then(() => {
    through = true;
  });
  await turn();
  expect(through).toBe(false);
  for (let i = 0; i < 6; i++) {
    turns.at(-1)?.();
    await turn();
  }
  await waiting;
  expect(through).toBe(true);
  expect(group.room()).toBeUndefined();
});

test('a flush writes removals that were waiting for more', async () => {
  const store = memoryStore();
  await store.set(['old'], Uint8Array.of(1));
  const group = commits(store);
  group.remove(['old']);
  await group.flush();
  expect(await store.get(['old'])).toBeUndefined();
});
