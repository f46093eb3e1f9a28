import type { Store } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DeletionMarks } from '../../src/search/marks.ts';
import { chooseSegments } from '../../src/search/policy.ts';
import { type IndexQuery, SearchIndex } from '../../src/search/search-index.ts';
import { Segment } from '../../src/search/segment.ts';
import { termsOf } from '../../src/search/tokens.ts';

const WORDS = ['one', 'once', 'two', 'three', 'on', 'only', '你', '好', 'thirty', 'x'];
/** Small segments, so that a few thousand messages go through several levels of merging. */
const SMALL = { bufferSize: 32, pause: () => Promise.resolve() };
const DAY = 86_400_000;

function refOf(at: number): string {
  return String(at).padStart(22, '0');
}

async function found(index: SearchIndex, query: IndexQuery): Promise<number[]> {
  const hits: number[] = [];
  for await (const { ref } of index.search(query)) hits.push(Number(ref));
  return hits;
}

interface Message {
  readonly at: number;
  readonly text: string;
  readonly stamp: number;
  readonly conversation: string;
}

async function add(index: SearchIndex, messages: readonly Message[], now = 0): Promise<void> {
  for (const { at, text, stamp, conversation } of messages) {
    index.add({ conversation, ref: refOf(at), stamp, terms: termsOf(text) });
    if (!index.full) continue;
    await index.flush(String(at));
    while (await index.merge(now));
  }
}

function inOrder(texts: readonly string[]): Message[] {
  return texts.map((text, at) => ({ at, text, stamp: at, conversation: 'hulk' }));
}

async function indexOf(texts: readonly string[], store: Store = memoryStore()) {
  const index = await SearchIndex.open(store, SMALL);
  await add(index, inOrder(texts));
  return { index, store };
}

async function keysOf(store: Store, area: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const [key] of store.list([area])) keys.push(key.join('/'));
  return keys;
}

test('search finds what a scan of all messages finds, newest first, in memory, in segments, and after merges', async () => {
  const text = fc
    .array(fc.constantFrom(...WORDS), { maxLength: 4 })
    .map((words) => words.join(' '));
  await fc.assert(
    fc.asyncProperty(
      fc.array(text, { minLength: 1, maxLength: 300 }),
      fc.array(fc.nat(400), { minLength: 7, maxLength: 70 }),
      fc.array(fc.subarray(WORDS, { maxLength: 3 }), { minLength: 5, maxLength: 5 }),
      fc.option(fc.constantFrom('o', 'on', 'th', 'z'), { nil: undefined }),
      fc.array(fc.nat(1499), { maxLength: 20 }),
      fc.option(fc.constantFrom('hulk', 'moki', 'nobody'), { nil: undefined }),
      fc.tuple(fc.nat(400), fc.nat(400)),
      async (sample, stamps, queries, prefix, gone, conversation, [from, to]) => {
        const all = Array.from(
          { length: 1500 },
          (_, at): Message => ({
            at,
            text: sample[at % sample.length] as string,
            stamp: stamps[at % stamps.length] as number,
            conversation: at % 3 === 0 ? 'hulk' : 'moki',
          }),
        );
        const index = await SearchIndex.open(memoryStore(), SMALL);
        await add(index, all.slice(0, 1000));
        const half = gone.slice(0, 10).map((at) => all[at] as Message);
        await index.delete(half.map(({ at, stamp }) => ({ ref: refOf(at), stamp })));
        await add(index, all.slice(1000));
        const rest = gone.slice(10).map((at) => all[at] as Message);
        await index.delete(rest.map(({ at, stamp }) => ({ ref: refOf(at), stamp })));
        const deleted = new Set(
          [...half.filter(({ at }) => at < 1000), ...rest].map(({ at }) => at),
        );
        expect(index.size).toBe(1500 - deleted.size);
        for (const terms of queries) {
          const scan = all.filter(({ at, text: own, stamp, conversation: where }) => {
            const has = [...termsOf(own)];
            return (
              terms.every((term) => has.includes(term)) &&
              (prefix === undefined || has.some((term) => term.startsWith(prefix))) &&
              (terms.length > 0 || prefix !== undefined || conversation !== undefined) &&
              (conversation === undefined || conversation === where) &&
              stamp >= from &&
              stamp <= to &&
              !deleted.has(at)
            );
          });
          const expected = scan.sort((a, b) => b.stamp - a.stamp || b.at - a.at);
          const query = {
            terms,
            from,
            to,
            ...(prefix === undefined ? {} : { prefix }),
            ...(conversation === undefined ? {} : { conversation }),
          };
          expect(await found(index, query)).toEqual(expected.map(({ at }) => at));
        }
      },
    ),
    { numRuns: 5 },
  );
});

test('of a set of terms, a message must have one', async () => {
  const { index } = await indexOf(['a x', 'b x', 'c x', 'a', 'b']);
  expect(await found(index, { terms: ['x'], anyOf: [['a', 'b']] })).toEqual([1, 0]);
  expect(await found(index, { terms: [], anyOf: [['a'], ['x']] })).toEqual([0]);
});

test('an index that is opened again finds what was flushed, and its position says what was not', async () => {
  const texts = Array.from({ length: 700 }, (_, at) => `word${at} all`);
  const { store } = await indexOf(texts);
  const again = await SearchIndex.open(store, SMALL);
  expect(again.position).toBe('671');
  expect(await found(again, { terms: ['all'] })).toHaveLength(672);
  expect(await found(again, { terms: ['word671'] })).toEqual([671]);
  expect(await found(again, { terms: ['word672'] })).toEqual([]);
});

test('deleted messages stay deleted after the index is opened again, and leave no words after a day', async () => {
  const texts = Array.from({ length: 32 * 4 }, (_, at) => (at === 3 ? 'secret' : 'plain'));
  const { index, store } = await indexOf(texts);
  await index.delete([{ ref: refOf(3), stamp: 3 }], { purgeFrom: 1 });
  const again = await SearchIndex.open(store, SMALL);
  expect(await found(again, { terms: ['secret'] })).toEqual([]);
  const words = async (): Promise<string> => {
    let text = '';
    for await (const [, value] of store.list(['d'])) text += new TextDecoder().decode(value);
    return text;
  };
  expect(await again.merge(DAY)).toBe(false);
  expect(await words()).toContain('secret');
  expect(await again.merge(DAY + 2)).toBe(true);
  expect(await words()).toContain('plain');
  expect(await words()).not.toContain('secret');
  expect(await keysOf(store, 'x')).toEqual([]);
  expect(await found(again, { terms: ['plain'] })).toHaveLength(32 * 4 - 1);
});

test('a segment of which more than a twentieth is deleted is written again, and an empty one removed', async () => {
  const { index, store } = await indexOf(Array.from({ length: 32 }, (_, at) => `word${at}`));
  await index.delete([0, 1].map((stamp) => ({ ref: refOf(stamp), stamp })));
  expect(await index.merge(0)).toBe(true);
  const all = await found(index, { terms: [], prefix: 'wo' });
  expect(all).toHaveLength(30);
  await index.delete(all.map((stamp) => ({ ref: refOf(stamp), stamp })));
  expect(await index.merge(0)).toBe(true);
  for (const area of ['s', 'd', 'p', 'n', 'x', 'w']) expect(await keysOf(store, area)).toEqual([]);
});

test('messages that are added while a flush is written are in the next one', async () => {
  const store = memoryStore();
  const index = await SearchIndex.open(store);
  for (let flush = 0; flush < 3; flush++) {
    const one = (at: number) => ({ conversation: 'c', ref: refOf(at), stamp: at, terms: ['all'] });
    index.add(one(2 * flush));
    const batch = store.batch.bind(store);
    store.batch = async (changes) => {
      store.batch = batch;
      index.add(one(2 * flush + 1));
      await batch(changes);
    };
    await index.flush(String(flush));
  }
  expect(await found(index, { terms: ['all'] })).toEqual([5, 4, 3, 2, 1, 0]);
  await index.flush('end');
  expect(await found(await SearchIndex.open(store), { terms: ['all'] })).toEqual([
    5, 4, 3, 2, 1, 0,
  ]);
});

test('a flush that fails leaves everything in memory', async () => {
  const store = memoryStore();
  const index = await SearchIndex.open(store);
  await add(index, inOrder(['all']));
  const batch = store.batch.bind(store);
  store.batch = () => Promise.reject(new Error('full'));
  await expect(index.flush('1')).rejects.toThrow('full');
  store.batch = batch;
  expect(await found(index, { terms: ['all'] })).toEqual([0]);
  await index.flush('1');
  expect(await found(await SearchIndex.open(store), { terms: ['all'] })).toEqual([0]);
});

test('a search goes on while its segments are merged, and yields no message twice', async () => {
  const { index } = await indexOf(Array.from({ length: 32 * 7 }, () => 'all'));
  const hits: number[] = [];
  for await (const { ref } of index.search({ terms: ['all'] })) {
    hits.push(Number(ref));
    if (hits.length !== 60) continue;
    const more = Array.from({ length: 32 }, (_, at) => 1000 + at);
    await add(
      index,
      more.map((at) => ({ at, text: 'all', stamp: at, conversation: 'hulk' })),
    );
  }
  expect(hits).toEqual(Array.from({ length: 32 * 7 }, (_, at) => 32 * 7 - 1 - at));
});

test('flushes of any size leave few segments', async () => {
  const store = memoryStore();
  const index = await SearchIndex.open(store, SMALL);
  let count = 0;
  for (let flush = 0; flush < 300; flush++) {
    for (let more = 1 + (flush % 5); more > 0; more--) {
      const terms = ['all', `w${count}`];
      index.add({ conversation: 'c', ref: refOf(count), stamp: count, terms });
      count += 1;
    }
    await index.flush(String(count));
    while (await index.merge(0));
  }
  expect((await keysOf(store, 's')).length).toBeLessThanOrEqual(32);
  const again = await SearchIndex.open(store, SMALL);
  expect(await found(again, { terms: ['all'] })).toHaveLength(count);
  expect(await found(again, { terms: ['w0'] })).toEqual([0]);
});

test('segments that were not merged for long are merged in several steps, none too large', () => {
  const segments = Array.from({ length: 900 }, (_, at) => {
    const head = { id: String(at), count: 1024, newest: 1, firstTerms: [], firstStamps: [] };
    return new Segment(memoryStore(), { ...head, postingBlocks: 0 });
  });
  const chosen = chooseSegments(segments, new DeletionMarks(), 0);
  expect(chosen).toHaveLength(512);
  const rest = segments.filter((segment) => !chosen.includes(segment));
  expect(chooseSegments(rest, new DeletionMarks(), 0)).toHaveLength(388);
  expect(chooseSegments(segments.slice(0, 7), new DeletionMarks(), 0)).toEqual([]);
});

test('an interrupted merge changes nothing and leaves no records behind', async () => {
  const { index, store } = await indexOf(Array.from({ length: 32 * 7 }, (_, at) => `all w${at}`));
  const records = async () => Promise.all(['d', 'p', 'n'].map((area) => keysOf(store, area)));
  for (let at = 0; at < 32; at++) {
    index.add({ conversation: 'c', ref: refOf(1000 + at), stamp: 1000 + at, terms: ['all'] });
  }
  await index.flush('more');
  const before = await records();
  const batch = store.batch.bind(store);
  store.batch = (changes) => {
    const last = changes.some(({ type, key }) => type === 'delete' && key[0] === 's');
    return last ? Promise.reject(new Error('crash')) : batch(changes);
  };
  await expect(index.merge(0)).rejects.toThrow('crash');
  store.batch = batch;
  expect(await keysOf(store, 'w')).toHaveLength(1);
  expect(await records()).not.toEqual(before);
  const again = await SearchIndex.open(store, SMALL);
  expect(await keysOf(store, 'w')).toEqual([]);
  expect(await records()).toEqual(before);
  expect(await found(again, { terms: ['all'] })).toHaveLength(32 * 8);
});

test('an index with a damaged head is emptied, so that it is made again', async () => {
  const { store } = await indexOf(Array.from({ length: 300 }, () => 'all'));
  for await (const [key] of store.list(['s'])) await store.set(key, new Uint8Array([0xff, 0xff]));
  const again = await SearchIndex.open(store, SMALL);
  expect(again.position).toBe('');
  expect(await found(again, { terms: ['all'] })).toEqual([]);
});

test('a damaged segment is left out, and its messages can be added again', async () => {
  const { store } = await indexOf(Array.from({ length: 64 }, (_, at) => `all w${at}`));
  const [first = ''] = await keysOf(store, 'd');
  await store.set(first.split('/'), new Uint8Array([0xff]));
  const index = await SearchIndex.open(store, SMALL);
  expect(await found(index, { terms: ['all'] })).toHaveLength(32);
  expect(index.damaged).toBe(true);
  const lost = await index.dropDamaged();
  expect(lost).toHaveLength(32);
  for (const hit of lost ?? []) index.add({ ...hit, terms: ['all'] });
  expect(await found(index, { terms: ['all'] })).toHaveLength(64);
  expect(index.damaged).toBe(false);
});

test('an index whose messages are not known is to be made again', async () => {
  const { store } = await indexOf(Array.from({ length: 32 }, (_, at) => `all w${at}`));
  for (const area of ['d', 'n']) {
    for (const key of await keysOf(store, area))
      await store.set(key.split('/'), new Uint8Array([1]));
  }
  const index = await SearchIndex.open(store, SMALL);
  expect(await found(index, { terms: ['all'] })).toEqual([]);
  expect(await index.dropDamaged()).toBeUndefined();
});

test('another program that only searches sees what the first has flushed and merged', async () => {
  const { store, index } = await indexOf(Array.from({ length: 100 }, () => 'all'));
  const reader = await SearchIndex.open(store, { ...SMALL, readOnly: true });
  expect(await found(reader, { terms: ['all'] })).toHaveLength(96);
  const hits: string[] = [];
  for await (const { ref } of reader.search({ terms: ['all'] })) {
    hits.push(ref);
    if (hits.length !== 3) continue;
    const more = Array.from({ length: 300 }, (_, at) => 1000 + at);
    await add(
      index,
      more.map((at) => ({ at, text: 'all', stamp: at, conversation: 'hulk' })),
    );
  }
  expect(hits).toHaveLength(96);
  expect((await found(reader, { terms: ['all'] })).length).toBeGreaterThan(380);
});

test('of two programs that write, one fails with store/conflict', async () => {
  const store = memoryStore();
  const [one, two] = [await SearchIndex.open(store, SMALL), await SearchIndex.open(store, SMALL)];
  await add(one, inOrder(['all']));
  await add(two, inOrder(['all']));
  await one.flush('1');
  await expect(two.flush('1')).rejects.toMatchObject({ code: 'store/conflict' });
});

test('a list longer than a block is read from its newest block, and no further than is asked for', async () => {
  const store = memoryStore();
  const index = await SearchIndex.open(store, { bufferSize: 65_536 });
  for (let at = 0; at < 65_536; at++) {
    index.add({ conversation: 'c', ref: refOf(at), stamp: at, terms: ['all'] });
  }
  await index.flush('all');
  expect((await keysOf(store, 'p')).length).toBeGreaterThan(1);
  const again = await SearchIndex.open(store);
  let reads = 0;
  const get = store.get.bind(store);
  store.get = (key) => {
    reads += 1;
    return get(key);
  };
  for await (const { ref } of again.search({ terms: ['all'] })) {
    expect(Number(ref)).toBe(65_535);
    break;
  }
  // One block of the dictionary, one of the list, one of documents.
  expect(reads).toBe(3);
});

test('damaged blocks yield fewer messages, whatever their bytes, and no error', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom('d', 'p', 'n'),
      async (bytes, area) => {
        const { store } = await indexOf(Array.from({ length: 64 }, (_, at) => `all w${at}`));
        for await (const [key] of store.list([area])) await store.set(key, bytes);
        const index = await SearchIndex.open(store, SMALL);
        expect((await found(index, { terms: ['all'] })).length).toBeLessThanOrEqual(64);
      },
    ),
    { numRuns: 60 },
  );
});
