import type { Store, StoreKey } from '@dimp/core';
import { assert, type TestFunction } from './assert.ts';
import { assertValue, bytesOf, keysText, type OpenStore, type WithStore } from './store-suite.ts';

/** Longest time until another user's change is reported. */
const PATIENCE_MS = 10_000;

/** Registers the tests of stores that several users share. */
export function storeSharingCompliance(
  test: TestFunction,
  using: WithStore,
  open: OpenStore,
): void {
  /** Runs with the store open twice. */
  const twice = (run: (one: Store, two: Store) => Promise<void>) =>
    using(async (one, name) => {
      const two = await open(name);
      try {
        await run(one, two);
      } finally {
        await two.close();
      }
    });

  test(
    'one user reads what the other has written',
    twice(async (one, two) => {
      await one.set(['k'], bytesOf(1));
      await assertValue(two, ['k'], bytesOf(1), 'the other user does not see it');
      assert(!(await two.compareAndSet(['k'], undefined, bytesOf(2))), 'the other overwrites it');
      assert(await two.compareAndSet(['k'], bytesOf(1), bytesOf(2)), 'the other cannot change it');
      await assertValue(one, ['k'], bytesOf(2), 'the first does not see the change');
    }),
  );

  test(
    'exactly one of many concurrent compareAndSets of both users wins',
    twice(async (one, two) => {
      const results = await Promise.all(
        Array.from({ length: 20 }, async (_, i) =>
          (i % 2 === 0 ? one : two).compareAndSet(['k'], undefined, bytesOf(i)),
        ),
      );
      assert(results.filter((won) => won).length === 1, 'not exactly one wins');
    }),
  );

  test(
    'a lock is held by one task at a time, across both stores',
    twice(async (one, two) => {
      let holders = 0;
      let most = 0;
      const order: number[] = [];
      const task = (i: number) => async (): Promise<number> => {
        holders += 1;
        most = Math.max(most, holders);
        await one.set(['turn'], bytesOf(i));
        order.push(i);
        holders -= 1;
        return i;
      };
      const results = await Promise.all(
        Array.from({ length: 10 }, (_, i) => sharingOf(i % 2 === 0 ? one : two).lock('l', task(i))),
      );
      assert(most === 1, `${most} tasks hold one lock`);
      assert(results.join() === '0,1,2,3,4,5,6,7,8,9', 'a lock yields another task’s result');
      assert(order.length === 10, 'a task has not run');
      let other = false;
      await sharingOf(one).lock('l', () =>
        sharingOf(two).lock('another', async () => {
          other = true;
        }),
      );
      assert(other, 'locks of two names exclude each other');
    }),
  );

  test(
    'a lock is free again after its task has thrown',
    twice(async (one, two) => {
      const fault = new Error('from the task');
      let thrown: unknown;
      try {
        await sharingOf(one).lock('l', async () => {
          throw fault;
        });
      } catch (error) {
        thrown = error;
      }
      assert(thrown === fault, 'the task’s error is lost');
      assert((await sharingOf(two).lock('l', async () => 5)) === 5, 'the lock is not free');
    }),
  );

  test(
    'a signal stops waiting for a lock, but not a task that has begun',
    twice(async (one, two) => {
      const held = new AbortController();
      const reason = new Error('no longer');
      let begun = (): void => {};
      const beginning = new Promise<void>((resolve) => {
        begun = resolve;
      });
      let release = (): void => {};
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      const holding = sharingOf(one).lock(
        'l',
        async () => {
          begun();
          await released;
          return 'done';
        },
        held.signal,
      );
      await beginning;
      const impatient = new AbortController();
      let ran = false;
      const waiting = outcome(
        sharingOf(two).lock(
          'l',
          async () => {
            ran = true;
          },
          impatient.signal,
        ),
      );
      impatient.abort(reason);
      assert((await waiting) === reason, 'the waiting does not end with the reason');
      assert(
        (await outcome(sharingOf(two).lock('l', async () => {}, AbortSignal.abort(reason)))) ===
          reason,
        'a signal that has aborted before does not count',
      );
      held.abort(new Error('too late'));
      release();
      assert((await holding) === 'done', 'a task that had begun was stopped');
      assert((await sharingOf(two).lock('l', async () => 6)) === 6, 'the lock is not free');
      assert(!ran, 'a task that was aborted has run');
    }),
  );

  test(
    'a watcher is told of changes by other users, not of its own',
    twice(async (one, two) => {
      const heard: StoreKey[] = [];
      const watching = sharingOf(one).watch((keys) => heard.push(...keys));
      const hears = async (key: StoreKey): Promise<void> => {
        const isIt = (each: StoreKey) => each.length === 0 || keysText([each]) === keysText([key]);
        await until(() => heard.some(isIt), `nothing is heard of ${keysText([key])}`);
      };
      await one.set(['own'], bytesOf(1));
      await two.set(['set', 'ü/ "'], bytesOf(1));
      await hears(['set', 'ü/ "']);
      await two.batch([
        { type: 'set', key: ['batch'], value: bytesOf(1) },
        { type: 'delete', key: ['set', 'ü/ "'] },
      ]);
      await hears(['batch']);
      await two.compareAndSet(['swap'], undefined, bytesOf(1));
      await hears(['swap']);
      await assertValue(one, ['swap'], bytesOf(1), 'a change is reported before it can be read');
      assert(!heard.some((key) => key[0] === 'own'), 'own changes are reported');
      watching.close();
      watching.close();
      const before = heard.length;
      const again: StoreKey[] = [];
      const other = sharingOf(one).watch((keys) => again.push(...keys));
      await two.delete(['swap']);
      await until(() => again.length > 0, 'a second watcher is told nothing');
      assert(heard.length === before, 'a watcher is told of changes after it was closed');
      other.close();
    }),
  );

  test(
    'a compareAndSet that changed nothing is not reported',
    twice(async (one, two) => {
      const heard: StoreKey[] = [];
      const watching = sharingOf(one).watch((keys) => heard.push(...keys));
      await two.compareAndSet(['nothing'], bytesOf(1), bytesOf(2));
      await two.set(['something'], bytesOf(1));
      await until(() => heard.length > 0, 'nothing is heard');
      assert(heard[0]?.[0] !== 'nothing', 'a change that did not happen is reported');
      watching.close();
    }),
  );
}

function sharingOf(store: Store): NonNullable<Store['sharing']> {
  assert(store.sharing !== undefined, 'the store is shared, but has no sharing');
  return store.sharing;
}

async function outcome(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    return error;
  }
}

async function until(condition: () => boolean, message: string): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!condition()) {
    assert(Date.now() < end, message);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
