import { compareStoreKeys, type Store, type StoreChange, type StoreKey } from '@dimp/core';
import { encodeHex } from '@dimp/foundation';
import fc from 'fast-check';
import { assert, type TestFunction } from './assert.ts';
import { listed, type WithStore } from './store-suite.ts';

/** The expected entries: values in hex by path as JSON. */
type Model = Map<string, string>;

/** A step of a random program. */
type Step =
  | { readonly type: 'get'; readonly key: StoreKey }
  | { readonly type: 'list'; readonly key: StoreKey }
  | { readonly type: 'batch'; readonly changes: readonly StoreChange[] }
  | StoreChange
  | {
      readonly type: 'swap';
      readonly key: StoreKey;
      /** The expected value: the current one or another. */
      readonly right: boolean;
      readonly guess: Uint8Array | undefined;
      readonly value: Uint8Array | undefined;
    };

/** A few parts only, so that programs return to the same paths. Some are text prefixes of others. */
const part = (): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constantFrom('a', 'ab', 'b', 'a!', 'é', '🐢', '\uffff', '\u0001'),
    fc
      .string({ minLength: 1, maxLength: 3, unit: 'binary' })
      .filter((text) => !text.includes('\0')),
  );
const path = (): fc.Arbitrary<StoreKey> => fc.array(part(), { minLength: 1, maxLength: 3 });
const bytes = (): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength: 4 });

function step(): fc.Arbitrary<Step> {
  const change: fc.Arbitrary<StoreChange> = fc.oneof(
    fc.record({ type: fc.constant('set' as const), key: path(), value: bytes() }),
    fc.record({ type: fc.constant('delete' as const), key: path() }),
  );
  return fc.oneof(
    { weight: 4, arbitrary: change },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('get' as const), key: path() }) },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('list' as const),
        key: fc.oneof(fc.constant([]), path()),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('batch' as const),
        changes: fc.array(change, { maxLength: 5 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('swap' as const),
        key: path(),
        right: fc.boolean(),
        guess: fc.option(bytes(), { nil: undefined }),
        value: fc.option(bytes(), { nil: undefined }),
      }),
    },
  );
}

/** Registers the test that random programs leave the same entries in a store and in a map. */
export function storeModelCompliance(test: TestFunction, using: WithStore, numRuns: number): void {
  test('random programs find in the store what they find in a map', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step(), { maxLength: 30 }), (program) =>
        using(async (store) => {
          const model: Model = new Map();
          for (const each of program) await take(store, model, each);
          const keys = [...model.keys()].map((key) => JSON.parse(key) as StoreKey);
          for (const key of keys) await compareOne(store, model, key);
          const prefixes = keys.flatMap((key) => key.map((_, length) => key.slice(0, length)));
          for (const key of [[], ...prefixes, ...keys]) await compare(store, model, key);
        })(),
      ),
      { numRuns },
    );
  });
}

async function take(store: Store, model: Model, step: Step): Promise<void> {
  switch (step.type) {
    case 'get':
      return compareOne(store, model, step.key);
    case 'list':
      return compare(store, model, step.key);
    case 'set':
      await store.set(step.key, step.value);
      return change(model, step);
    case 'delete':
      await store.delete(step.key);
      return change(model, step);
    case 'batch':
      await store.batch(step.changes);
      for (const each of step.changes) change(model, each);
      return;
    case 'swap': {
      const { key, right, guess, value } = step;
      const expected = right ? await store.get(key) : guess;
      const same = model.get(JSON.stringify(key)) === textOf(expected);
      const done = await store.compareAndSet(key, expected, value);
      assert(done === same, `compareAndSet says ${done}`);
      if (!same) return;
      return change(
        model,
        value === undefined ? { type: 'delete', key } : { type: 'set', key, value },
      );
    }
  }
}

function change(model: Model, step: StoreChange): void {
  const name = JSON.stringify(step.key);
  if (step.type === 'set') model.set(name, encodeHex(step.value));
  else model.delete(name);
}

async function compareOne(store: Store, model: Model, key: StoreKey): Promise<void> {
  const found = textOf(await store.get(key));
  assert(found === model.get(JSON.stringify(key)), `${JSON.stringify(key)} is ${found}`);
}

async function compare(store: Store, model: Model, prefix: StoreKey): Promise<void> {
  const found = (await listed(store, prefix)).map(([key, value]) => [key, encodeHex(value)]);
  const expected = [...model]
    .map(([key, value]) => [JSON.parse(key) as StoreKey, value] as const)
    .filter(([key]) => key.length > prefix.length && prefix.every((each, i) => key[i] === each))
    .sort(([a], [b]) => compareStoreKeys(a, b));
  assert(
    JSON.stringify(found) === JSON.stringify(expected),
    `below ${JSON.stringify(prefix)} is ${JSON.stringify(found)}`,
  );
}

function textOf(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : encodeHex(value);
}
