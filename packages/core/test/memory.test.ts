import fc from 'fast-check';
import { expect, test } from 'vitest';
import { memoryStore, memoryTransportPair } from '../src/memory.ts';

const part = fc
  .string({ minLength: 1, maxLength: 4, unit: 'grapheme' })
  .filter((text) => !text.includes('\u0000'));
const path = fc.array(part, { minLength: 1, maxLength: 3 });

test('the memory store keeps what was written and lists it in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(path, fc.uint8Array())), path, async (entries, prefix) => {
      const store = memoryStore();
      const model = new Map<string, Uint8Array>();
      for (const [key, value] of entries) {
        await store.set(key, value);
        model.set(JSON.stringify(key), value);
      }
      for (const [key, value] of model) expect(await store.get(JSON.parse(key))).toEqual(value);
      const listed: string[] = [];
      for await (const [key] of store.list(prefix)) listed.push(JSON.stringify(key));
      const inPrefix = (key: string): boolean => {
        const parts: string[] = JSON.parse(key);
        return parts.length > prefix.length && prefix.every((each, i) => parts[i] === each);
      };
      expect(new Set(listed)).toEqual(new Set([...model.keys()].filter(inPrefix)));
    }),
  );
});

test('compare-and-set writes only what the caller saw', async () => {
  const store = memoryStore();
  const [one, two] = [new Uint8Array([1]), new Uint8Array([2])];
  expect(await store.compareAndSet(['k'], one, two)).toBe(false);
  expect(await store.compareAndSet(['k'], undefined, one)).toBe(true);
  expect(await store.compareAndSet(['k'], undefined, two)).toBe(false);
  expect(await store.compareAndSet(['k'], one, two)).toBe(true);
  expect(await store.compareAndSet(['k'], two, undefined)).toBe(true);
  expect(await store.get(['k'])).toBeUndefined();
});

test('a batch with a bad path changes nothing', async () => {
  const store = memoryStore();
  const value = new Uint8Array([1]);
  expect(() =>
    store.batch([
      { type: 'set', key: ['a'], value },
      { type: 'set', key: ['b\u0000'], value },
    ]),
  ).toThrow(TypeError);
  expect(await store.get(['a'])).toBeUndefined();
});

test('what was stored does not change with the caller’s array', async () => {
  const store = memoryStore();
  const value = new Uint8Array([1]);
  await store.set(['k'], value);
  value[0] = 9;
  expect(await store.get(['k'])).toEqual(new Uint8Array([1]));
});

test('a memory transport delivers in order and ends when it is closed', async () => {
  const [left, right] = memoryTransportPair();
  await left.send(new Uint8Array([1]));
  await left.send(new Uint8Array([2]));
  const received: number[] = [];
  const reading = (async () => {
    for await (const { payload } of right.incoming) received.push(payload[0] ?? -1);
  })();
  await left.send(new Uint8Array([3]));
  await left.close();
  await reading;
  expect(received).toEqual([1, 2, 3]);
  await expect(right.send(new Uint8Array([4]))).rejects.toMatchObject({ code: 'transport/closed' });
});
