import { VirtualTime } from '@dimp/testing/network';
import { describe, expect, test, vi } from 'vitest';
import type { Change } from '../../src/live/live.ts';
import { LiveValue } from '../../src/live/live-value.ts';

interface Item {
  readonly id: string;
  readonly text: string;
}

/** A live list over an array that the test changes. */
function liveList(time = new VirtualTime()) {
  const source = {
    items: [] as Item[],
    loads: 0,
    watchers: 0,
    changed: () => {},
    error: undefined as unknown,
  };
  const failures: unknown[] = [];
  const live = new LiveValue<readonly Item[]>({
    async load() {
      source.loads += 1;
      if (source.error !== undefined) throw source.error;
      return source.items.map((each) => ({ ...each }));
    },
    watch(changed) {
      source.watchers += 1;
      source.changed = changed;
      return () => {
        source.watchers -= 1;
      };
    },
    elements: (items) => items,
    timers: time,
    onFailure: (error) => failures.push(error),
  });
  const set = async (...items: Item[]): Promise<void> => {
    source.items = items;
    source.changed();
    await live.ready;
  };
  return { live, source, set, failures, time };
}

const A = { id: 'a', text: 'one' };
const B = { id: 'b', text: 'two' };

describe('a live value', () => {
  test('has frozen snapshots that share what has not changed', async () => {
    const { live, set } = liveList();
    await set(A, B);
    const before = await live.ready;
    await set(A, { ...B, text: 'three' });
    const after = await live.ready;
    expect(after).not.toBe(before);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).toEqual({ id: 'b', text: 'three' });
    expect(Object.isFrozen(after) && Object.isFrozen(after[1])).toBe(true);
    await set(A, { ...B, text: 'three' });
    expect(live.current).toBe(after);
  });

  test('shares an element that has moved', async () => {
    const { live, set } = liveList();
    await set(A, B);
    const before = await live.ready;
    await set(B, A);
    expect((await live.ready)[1]).toBe(before[0]);
  });

  test('tells listeners what was inserted, updated and removed; the patches give the snapshots', async () => {
    const { live, set } = liveList();
    const copy = new Map<string, Item>();
    const changes: Change[] = [];
    live.subscribe((items, change) => {
      changes.push(change);
      const byId = new Map(items.map((each) => [each.id, each]));
      if (change.kind === 'reset') copy.clear();
      const touched =
        change.kind === 'reset' ? [...byId.keys()] : [...change.inserted, ...change.updated];
      for (const id of touched) copy.set(id, byId.get(id) as Item);
      if (change.kind === 'patch') for (const id of change.removed) copy.delete(id);
      expect([...copy.values()].sort(byName)).toEqual([...items].sort(byName));
    });
    await live.ready;
    for (let round = 0; round < 50; round++) {
      const items = [...'abcdefgh']
        .filter((_, at) => (round * 7 + at * 3) % 5 < 3)
        .map((id, at) => ({ id, text: String((round + at) % 4) }));
      await set(...items);
    }
    expect(changes[0]).toEqual({ kind: 'reset' });
    expect(changes.length).toBeGreaterThan(20);
    expect(changes.slice(1).every(({ kind }) => kind === 'patch')).toBe(true);
  });

  test('gives a slow reader the newest snapshot, never a queue', async () => {
    const { live, set } = liveList();
    await set(A);
    const seen: number[] = [];
    for await (const items of live) {
      seen.push(items.length);
      if (items.length === 4) break;
      // While the reader is busy, the value changes three times.
      await set(A, B);
      await set(A, B, { ...A, id: 'c' });
      await set(A, B, { ...A, id: 'c' }, { ...A, id: 'd' });
    }
    expect(seen).toEqual([1, 4]);
  });

  test('ends an iteration that waits when the iterator is returned', async () => {
    const { live, set } = liveList();
    await set(A);
    const iterator = live[Symbol.asyncIterator]();
    await iterator.next();
    const waiting = iterator.next();
    await iterator.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  test('reports a listener that throws, and calls the others', async () => {
    const shown = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const { live, set } = liveList();
    const seen: number[] = [];
    live.subscribe(() => {
      throw new Error('of the listener');
    });
    live.subscribe((items) => seen.push(items.length));
    await set(A);
    await set(A, B);
    expect(seen.at(-1)).toBe(2);
    expect(shown).toHaveBeenCalled();
    shown.mockRestore();
  });

  test('calls a listener once for a snapshot that is there already', async () => {
    const { live, set } = liveList();
    await set(A);
    const seen: number[] = [];
    live.subscribe((items) => seen.push(items.length));
    expect(seen).toEqual([]);
    await live.ready;
    await Promise.resolve();
    expect(seen).toEqual([1]);
  });

  test('stops watching 30 s after its last listener, and reads again when it is used', async () => {
    const { live, source, set, time } = liveList();
    const stop = live.subscribe(() => undefined);
    await set(A);
    await pass(time, 60_000);
    expect(source.watchers).toBe(1);
    stop();
    await pass(time, 29_000);
    expect(source.watchers).toBe(1);
    await pass(time, 2000);
    expect(source.watchers).toBe(0);
    source.items = [A, B];
    expect(await live.ready).toEqual([A, B]);
    expect(source.watchers).toBe(1);
  });

  test('rejects `ready` with the error of the store, and tries again at the next use', async () => {
    const { live, source } = liveList();
    source.error = new Error('disk');
    await expect(live.ready).rejects.toThrow('disk');
    source.error = undefined;
    source.items = [A];
    expect(await live.ready).toEqual([A]);
  });

  test('keeps its last snapshot when a later one cannot be read', async () => {
    const { live, source, set, failures } = liveList();
    await set(A);
    source.error = new Error('disk');
    source.changed();
    await vi.waitFor(() => expect(failures).toHaveLength(1));
    expect(live.current).toEqual([A]);
  });

  test('ends after `close`: iterations finish, and `ready` rejects', async () => {
    const { live, source, set } = liveList();
    await set(A);
    const iterator = live[Symbol.asyncIterator]();
    await iterator.next();
    const waiting = iterator.next();
    await live.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await expect(live.ready).rejects.toMatchObject({ code: 'state/stopped' });
    expect(source.watchers).toBe(0);
  });

  test('takes a member named __proto__ as data', async () => {
    const live = new LiveValue<unknown>({
      load: async () => JSON.parse('{"__proto__":{"polluted":true},"a":1}'),
      watch: () => () => undefined,
      timers: new VirtualTime(),
    });
    const value = (await live.ready) as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(['__proto__', 'a']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });
});

function byName(a: Item, b: Item): number {
  return a.id < b.id ? -1 : 1;
}

async function pass(time: VirtualTime, milliseconds: number): Promise<void> {
  let over = false;
  time.after(milliseconds, () => {
    over = true;
  });
  await time.run({ until: () => over });
}
