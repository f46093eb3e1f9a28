import type { Store, StoreKey } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { utf8Decode, utf8Encode } from '@dimp/foundation';
import { storeCompliance } from '@dimp/testing/compliance';
import { type CrashingStore, crashingStore } from '@dimp/testing/network';
import { describe, expect, test } from 'vitest';

describe('a store that has not crashed', () => {
  storeCompliance(test, { open: () => disposing(memoryStore()) });
});

/** Disposing of it closes the store inside, which a crash does not. */
function disposing(inner: Store): Store {
  return Object.assign(crashingStore(inner), {
    close: () => inner.close(),
    [Symbol.asyncDispose]: () => inner.close(),
  });
}

const text = utf8Encode;
const key = (name: string): StoreKey => ['program', name];

/** The writes of a small program, in order. Reads between them do not count. */
const WRITES: readonly ((store: Store) => Promise<void>)[] = [
  async (store) => void (await store.set(key('a'), text('1'))),
  async (store) => void (await store.set(key('b'), text('1'))),
  async (store) =>
    void (await store.batch([
      { type: 'set', key: key('a'), value: text('2') },
      { type: 'delete', key: key('b') },
      { type: 'set', key: key('c'), value: text('1') },
    ])),
  async (store) => {
    const found = await store.get(key('c'));
    expect(await store.compareAndSet(key('c'), found, text('2'))).toBe(true);
  },
  async (store) => {
    for await (const _ of store.list(['program']));
    expect(await store.compareAndSet(key('c'), text('other'), text('3'))).toBe(false);
  },
  async (store) => void (await store.delete(key('a'))),
  async (store) => void (await store.compareAndSet(key('d'), undefined, text('1'))),
  async (store) => void (await store.compareAndSet(key('c'), text('2'), undefined)),
];

async function contents(store: Store): Promise<string> {
  const lines: string[] = [];
  for await (const [path, value] of store.list([]))
    lines.push(`${path.join('/')} = ${utf8Decode(value)}`);
  return lines.join('\n');
}

/** The entries of the store after each number of writes. */
async function prefixes(): Promise<string[]> {
  const store = memoryStore();
  const states = [''];
  for (const write of WRITES) {
    await write(store);
    states.push(await contents(store));
  }
  return states;
}

/** Runs the program until it dies. @returns how many writes it knows of */
async function acknowledged(store: Store): Promise<number> {
  for (const [index, write] of WRITES.entries()) {
    try {
      await write(store);
    } catch (error) {
      expect(error).toMatchObject({ code: 'store/unavailable' });
      return index;
    }
  }
  return WRITES.length;
}

async function expectGone(store: Store): Promise<void> {
  const gone = { code: 'store/unavailable' };
  await expect((async () => store.get(key('a')))()).rejects.toMatchObject(gone);
  await expect((async () => store.set(key('a'), text('x')))()).rejects.toMatchObject(gone);
  await expect((async () => store.delete(key('a')))()).rejects.toMatchObject(gone);
  await expect((async () => store.batch([]))()).rejects.toMatchObject(gone);
  const change = (async () => store.compareAndSet(key('a'), undefined, text('x')))();
  await expect(change).rejects.toMatchObject(gone);
  await expect(contents(store)).rejects.toMatchObject(gone);
}

for (const unacknowledged of [false, true]) {
  const when = unacknowledged ? 'after a write that nobody is told of' : 'before a write';
  test(`a crash ${when}: the store contains the writes before it and no others`, async () => {
    const states = await prefixes();
    for (let afterWrites = 0; afterWrites < WRITES.length; afterWrites++) {
      const durable = memoryStore();
      const store = crashingStore(durable);
      store.crash({ afterWrites, unacknowledged });
      expect(store.crashed).toBe(false);
      expect(await acknowledged(store)).toBe(afterWrites);
      expect(store.crashed).toBe(true);
      await expectGone(store);
      // Nor does the end of the program change anything.
      await store.close();
      const reopened = crashingStore(durable);
      const state = await contents(reopened);
      expect(state).toBe(states[afterWrites + (unacknowledged ? 1 : 0)]);
      expect(reopened.crashed).toBe(false);
    }
  });
}

test('a program with fewer writes than the planned crash needs does not crash, and a second plan replaces the first', async () => {
  const store = crashingStore(memoryStore());
  store.crash({ afterWrites: WRITES.length });
  expect(await acknowledged(store)).toBe(WRITES.length);
  expect(store.crashed).toBe(false);
  store.crash({ afterWrites: 5 });
  store.crash({ afterWrites: 0 });
  await expect((async () => store.set(key('x'), text('1')))()).rejects.toMatchObject({
    code: 'store/unavailable',
  });
});

test('after a crash, all further calls fail, also a list that is being read', async () => {
  const durable = memoryStore();
  const store = crashingStore(durable);
  for (const name of ['a', 'b', 'c']) await store.set(key(name), text('1'));
  const read: string[] = [];
  const reading = (async () => {
    for await (const [path] of store.list(['program'])) {
      read.push(path.at(-1) as string);
      if (read.length === 2) store.crash();
    }
  })();
  await expect(reading).rejects.toMatchObject({ code: 'store/unavailable' });
  expect(read).toEqual(['a', 'b']);
  await expectGone(store);
  expect(await contents(durable)).toContain('program/c = 1');
});

/** A store that answers when it is told to. */
function slowStore(): {
  readonly store: CrashingStore;
  readonly inner: Store;
  readonly answer: () => void;
} {
  const inner = memoryStore();
  let answer = (): void => {};
  const turn = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const slow: Store = {
    ...bound(inner),
    get: async (path) => {
      await turn;
      return inner.get(path);
    },
    set: async (path, value) => {
      await turn;
      await inner.set(path, value);
    },
  };
  return { store: crashingStore(slow), inner, answer: () => answer() };
}

function bound(inner: Store): Store {
  return {
    capabilities: inner.capabilities,
    get: (path) => inner.get(path),
    set: (path, value) => inner.set(path, value),
    delete: (path) => inner.delete(path),
    list: (prefix) => inner.list(prefix),
    batch: (changes) => inner.batch(changes),
    compareAndSet: (path, expected, value) => inner.compareAndSet(path, expected, value),
    close: () => inner.close(),
    [Symbol.asyncDispose]: () => inner.close(),
  };
}

test('a program that crashes during a write gets no answer, but the write may be done', async () => {
  const { store, inner, answer } = slowStore();
  const reading = (async () => store.get(key('a')))();
  const writing = (async () => store.set(key('b'), text('1')))();
  store.crash();
  answer();
  await expect(reading).rejects.toMatchObject({ code: 'store/unavailable' });
  await expect(writing).rejects.toMatchObject({ code: 'store/unavailable' });
  expect(await contents(inner)).toBe('program/b = 1');
});
