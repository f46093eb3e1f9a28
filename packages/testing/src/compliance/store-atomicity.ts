import { MAX_STORE_KEY_BYTES, type StoreKey } from '@dimp/core';
import { assert, type TestFunction } from './assert.ts';
import { assertValue, bytesOf, keysText, listedKeys, type WithStore } from './store-suite.ts';

/** Registers the tests of batches and of concurrent changes. */
export function storeAtomicityCompliance(test: TestFunction, using: WithStore): void {
  test(
    'a batch makes all its changes, in their order',
    using(async (store) => {
      await store.set(['old'], bytesOf(1));
      await store.batch([
        { type: 'set', key: ['new'], value: bytesOf(1) },
        { type: 'delete', key: ['old'] },
        { type: 'set', key: ['twice'], value: bytesOf(1) },
        { type: 'set', key: ['twice'], value: bytesOf(2) },
        { type: 'set', key: ['gone'], value: bytesOf(1) },
        { type: 'delete', key: ['gone'] },
        { type: 'delete', key: ['back'] },
        { type: 'set', key: ['back'], value: bytesOf(3) },
      ]);
      await store.batch([]);
      assert(
        (await listedKeys(store, [])) === keysText([['back'], ['new'], ['twice']]),
        'changes are missing',
      );
      await assertValue(store, ['twice'], bytesOf(2), 'changes are not made in order');
    }),
  );

  test(
    'a batch with one bad path changes nothing',
    using(async (store) => {
      await store.set(['kept'], bytesOf(1));
      for (const bad of [[], ['\u0000'], ['x'.repeat(MAX_STORE_KEY_BYTES)]] as StoreKey[]) {
        let refused = false;
        try {
          await store.batch([
            { type: 'set', key: ['first'], value: bytesOf(1) },
            { type: 'delete', key: ['kept'] },
            { type: 'set', key: bad, value: bytesOf(1) },
          ]);
        } catch {
          refused = true;
        }
        assert(refused, 'a bad path is accepted');
        assert(
          (await listedKeys(store, [])) === keysText([['kept']]),
          'half of a batch was written',
        );
      }
    }),
  );

  test(
    'compareAndSet writes only if the entry is what the caller saw',
    using(async (store) => {
      const key = ['k'];
      const [one, two, none] = [bytesOf(1), bytesOf(2), undefined];
      const step = async (
        expected: Uint8Array | undefined,
        value: Uint8Array | undefined,
        result: boolean,
        left: Uint8Array | undefined,
      ): Promise<void> => {
        const done = await store.compareAndSet(key, expected, value);
        assert(done === result, `compareAndSet says ${done} instead of ${result}`);
        await assertValue(store, key, left, 'compareAndSet leaves another value');
      };
      await step(one, two, false, none);
      await step(none, none, true, none);
      await step(none, one, true, one);
      await step(none, two, false, one);
      await step(none, none, false, one);
      await step(two, none, false, one);
      await step(bytesOf(1, 0), two, false, one);
      await step(bytesOf(), two, false, one);
      await step(one, one, true, one);
      await step(one, two, true, two);
      await step(two, bytesOf(), true, bytesOf());
      // An empty value is not the same as no entry.
      await step(none, one, false, bytesOf());
      await step(bytesOf(), none, true, none);
    }),
  );

  test(
    'exactly one of many concurrent compareAndSets wins',
    using(async (store) => {
      let current: Uint8Array | undefined;
      for (let round = 0; round < 5; round++) {
        const results = await Promise.all(
          Array.from({ length: 20 }, async (_, i) =>
            store.compareAndSet(['k'], current, bytesOf(round, i)),
          ),
        );
        const winners = results.flatMap((won, i) => (won ? [i] : []));
        assert(winners.length === 1, `${winners.length} of 20 win`);
        current = bytesOf(round, winners[0] as number);
        await assertValue(store, ['k'], current, 'the value is not that of the winner');
      }
    }),
  );

  test(
    'changes take effect in the order of the calls',
    using(async (store) => {
      const pending: unknown[] = [];
      for (let i = 0; i < 50; i++) {
        pending.push(store.set(['k'], bytesOf(i)));
        if (i % 10 === 9) pending.push(store.delete(['k']));
        if (i % 10 === 4) pending.push(store.compareAndSet(['k'], bytesOf(i), bytesOf(i, i)));
      }
      pending.push(store.batch([{ type: 'set', key: ['k'], value: bytesOf(1) }]));
      pending.push(store.compareAndSet(['k'], bytesOf(1), bytesOf(2)));
      pending.push(store.compareAndSet(['k'], bytesOf(1), bytesOf(3)));
      const results = await Promise.all(pending);
      const swaps = results.filter((result) => typeof result === 'boolean');
      assert(swaps.join() === 'true,true,true,true,true,true,false', `swaps were ${swaps.join()}`);
      await assertValue(store, ['k'], bytesOf(2), 'the last change is not the last');
    }),
  );
}
