import { memoryStore } from '@dimp/core/memory';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SearchIndex } from '../../src/search/search-index.ts';
import { termsOf } from '../../src/search/tokens.ts';

const WORDS = ['one', 'once', 'two', 'three', 'on', 'only', '你', '好', 'thirty', 'x'];

async function found(index: SearchIndex, query: Parameters<SearchIndex['search']>[0]) {
  const places: string[] = [];
  for await (const { place } of index.search(query)) places.push(place);
  return places;
}

/** Small segments, so that a few hundred messages go through every level of merging. */
const SMALL = { bufferSize: 256 };

async function indexOf(texts: readonly string[], store = memoryStore()) {
  const index = await SearchIndex.open(store, SMALL);
  const numbers: number[] = [];
  for (const [at, text] of texts.entries()) {
    numbers.push(index.add({ place: `m/${at}`, terms: termsOf(text) }));
    if (index.full) await index.flush(String(at));
  }
  return { index, numbers, store };
}

test('search finds what a scan of all messages finds, newest first, in memory, in segments, and after merges', async () => {
  const text = fc
    .array(fc.constantFrom(...WORDS), { maxLength: 4 })
    .map((words) => words.join(' '));
  await fc.assert(
    fc.asyncProperty(
      fc.array(text, { minLength: 1, maxLength: 300 }),
      fc.array(fc.subarray(WORDS, { maxLength: 3 }), { minLength: 5, maxLength: 5 }),
      fc.option(fc.constantFrom('o', 'on', 'th', 'z'), { nil: undefined }),
      fc.array(fc.nat(2999), { maxLength: 20 }),
      async (sample, queries, prefix, gone) => {
        const texts = Array.from({ length: 3000 }, (_, at) => sample[at % sample.length] as string);
        const { index, numbers } = await indexOf(texts);
        for (const at of gone) await index.delete(numbers[at] as number);
        for (const terms of queries) {
          const query = { terms, ...(prefix === undefined ? {} : { prefix }) };
          const scan = texts.flatMap((each, at) => {
            const own = [...termsOf(each)];
            const fits =
              terms.every((term) => own.includes(term)) &&
              (prefix === undefined || own.some((term) => term.startsWith(prefix)));
            const asked = terms.length > 0 || prefix !== undefined;
            return asked && fits && !gone.includes(at) ? [`m/${at}`] : [];
          });
          expect(await found(index, query)).toEqual(scan.reverse());
        }
      },
    ),
    { numRuns: 8 },
  );
});

test('an index that is opened again finds what was flushed, and its position says what was not', async () => {
  const texts = Array.from({ length: 700 }, (_, at) => `word${at} all`);
  const { store } = await indexOf(texts);
  const again = await SearchIndex.open(store, SMALL);
  expect(again.position).toBe('511');
  expect(await found(again, { terms: ['all'] })).toHaveLength(512);
  expect(await found(again, { terms: ['word511'] })).toEqual(['m/511']);
  expect(await found(again, { terms: ['word512'] })).toEqual([]);
});

test('deleted messages stay deleted after the index is opened again, and leave no terms after a merge', async () => {
  const { index, numbers, store } = await indexOf(
    Array.from({ length: 256 * 8 - 1 }, (_, at) => (at === 3 ? 'secret' : 'plain')),
  );
  await index.delete(numbers[3] as number);
  const again = await SearchIndex.open(store, SMALL);
  expect(await found(again, { terms: ['secret'] })).toEqual([]);
  for (let at = 0; at < 256; at++) again.add({ place: `more/${at}`, terms: ['plain'] });
  await again.flush('end');
  let text = '';
  for await (const [, value] of store.list(['d'])) text += new TextDecoder().decode(value);
  expect(text).toContain('plain');
  expect(text).not.toContain('secret');
});

test('messages that are added while a flush is written are in the next one', async () => {
  const store = memoryStore();
  const index = await SearchIndex.open(store);
  for (let flush = 0; flush < 3; flush++) {
    index.add({ place: `before/${flush}`, terms: ['all'] });
    const batch = store.batch.bind(store);
    store.batch = async (changes) => {
      store.batch = batch;
      index.add({ place: `during/${flush}`, terms: ['all'] });
      await batch(changes);
    };
    await index.flush(String(flush));
  }
  const all = ['during/2', 'before/2', 'during/1', 'before/1', 'during/0', 'before/0'];
  expect(await found(index, { terms: ['all'] })).toEqual(all);
  await index.flush('end');
  expect(await found(await SearchIndex.open(store), { terms: ['all'] })).toEqual(all);
});

test('a flush that fails leaves everything in memory', async () => {
  const store = memoryStore();
  const index = await SearchIndex.open(store);
  index.add({ place: 'm', terms: ['all'] });
  const batch = store.batch.bind(store);
  store.batch = () => Promise.reject(new Error('full'));
  await expect(index.flush('1')).rejects.toThrow('full');
  store.batch = batch;
  expect(await found(index, { terms: ['all'] })).toEqual(['m']);
  await index.flush('1');
  expect(await found(await SearchIndex.open(store), { terms: ['all'] })).toEqual(['m']);
});

test('a search goes on while its segments are merged', async () => {
  const { index } = await indexOf(Array.from({ length: 256 * 7 }, () => 'all'));
  const places: string[] = [];
  for await (const { place } of index.search({ terms: ['all'] })) {
    places.push(place);
    if (places.length !== 300) continue;
    for (let at = 0; at < 256; at++) index.add({ place: `more/${at}`, terms: ['all'] });
    await index.flush('merged');
  }
  expect(places).toEqual(Array.from({ length: 256 * 7 }, (_, at) => `m/${256 * 7 - 1 - at}`));
});

test('flushes of any size leave few segments, and every message is found under its place', async () => {
  const store = memoryStore();
  const index = await SearchIndex.open(store);
  let count = 0;
  for (let flush = 0; flush < 300; flush++) {
    for (let more = 1 + (flush % 5); more > 0; more--) {
      index.add({ place: `m/${count}`, terms: ['all', `w${count}`] });
      count += 1;
    }
    await index.flush(String(count));
  }
  let segments = 0;
  for await (const [key] of store.list(['s'])) segments += key.length > 0 ? 1 : 0;
  expect(segments).toBeLessThanOrEqual(32);
  const again = await SearchIndex.open(store);
  const expected = Array.from({ length: count }, (_, at) => `m/${count - 1 - at}`);
  expect(await found(again, { terms: ['all'] })).toEqual(expected);
  expect(await found(again, { terms: ['w0'] })).toEqual(['m/0']);
});

test('an interrupted merge leaves no records behind', async () => {
  const { store, index } = await indexOf(Array.from({ length: 300 }, () => 'all'));
  await store.set(['d', 'unfinished', '0'], new Uint8Array([1]));
  await store.set(['p', 'unfinished', '0'], new Uint8Array([1]));
  const again = await SearchIndex.open(store, SMALL);
  expect(await store.get(['d', 'unfinished', '0'])).toBeUndefined();
  expect(await store.get(['p', 'unfinished', '0'])).toBeUndefined();
  expect(await found(again, { terms: ['all'] })).toHaveLength(256);
  expect(index.waiting).toBe(44);
});

test('an index with a damaged head is emptied, so that it is made again', async () => {
  const { store } = await indexOf(Array.from({ length: 300 }, () => 'all'));
  for await (const [key] of store.list(['s'])) await store.set(key, new Uint8Array([0xff, 0xff]));
  const again = await SearchIndex.open(store, SMALL);
  expect(again.position).toBe('');
  expect(await found(again, { terms: ['all'] })).toEqual([]);
});

test('a list longer than a block is read from its newest block, and no further than is asked for', async () => {
  const store = memoryStore();
  const index = await SearchIndex.open(store, { bufferSize: 65_536 });
  for (let at = 0; at < 65_536; at++) index.add({ place: `m/${at}`, terms: ['all'] });
  await index.flush('all');
  let blocks = 0;
  for await (const [key] of store.list(['p'])) blocks += key.length > 0 ? 1 : 0;
  expect(blocks).toBeGreaterThan(1);
  let reads = 0;
  const get = store.get.bind(store);
  store.get = (key) => {
    reads += 1;
    return get(key);
  };
  const again = await SearchIndex.open(store);
  reads = 0;
  for await (const { place } of again.search({ terms: ['all'] })) {
    expect(place).toBe('m/65535');
    break;
  }
  // One dictionary block, one block of the list, one of places.
  expect(reads).toBe(3);
});

test('damaged blocks are store/corrupt, whatever their bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.boolean(), async (bytes, dictionary) => {
      const { store, index } = await indexOf(Array.from({ length: 256 }, (_, at) => `all w${at}`));
      for await (const [key] of store.list([dictionary ? 'd' : 'p'])) await store.set(key, bytes);
      try {
        const places = await found(index, { terms: ['all'] });
        expect(places.length).toBeLessThanOrEqual(256);
      } catch (error) {
        expect(error).toMatchObject({ code: 'store/corrupt' });
      }
    }),
    { numRuns: 60 },
  );
});
