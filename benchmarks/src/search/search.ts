import { queryTermsOf, SearchIndex, termsOf } from '@dimp/chat/search';
import { type Store, subStore } from '@dimp/core';
import { utf8Encode } from '@dimp/foundation';
import { ANYONE } from '@dimp/mkm';
import type { StoreKind } from '../stores.ts';
import { type CorpusMessage, corpus, queries } from './corpus.ts';
import { type Engine, flexSearch, miniSearch } from './engines.ts';
import { timesOf, Waiting } from './measure.ts';

/** Milliseconds of work after which other work runs. */
const SLICE_MS = 8;
const QUERIES = 400;
const HITS = 50;

/** What is measured, and where results go. */
export interface SearchBench {
  readonly stores: readonly StoreKind[];
  readonly report: (line: object) => void;
  /** Whether any case is wanted whose name begins so. */
  readonly wants: (name: string) => boolean;
  /** Bytes in use, if the platform tells. */
  readonly memory: () => number | undefined;
  /** What the names of the wanted cases begin with. */
  readonly filter: string;
}

/**
 * Indexes a chat and asks it 400 questions, each for its first 50 messages, which are read from the store. The libraries beside it
 * keep everything in memory and return numbers of messages.
 */
export async function search(bench: SearchBench): Promise<void> {
  const sizes = [20_000, 100_000];
  for (const size of sizes) {
    const name = `search/${size}`;
    // The large one is for those who ask for it.
    const named = size === sizes[0] || bench.filter.startsWith(name);
    if (!named || !bench.wants(name)) continue;
    const messages = [...corpus(size, ANYONE)];
    for (const store of bench.stores) {
      const label = `${name}/${store.name}`;
      if (bench.wants(label)) await own(bench, label, messages, await store.open());
    }
    for (const engine of [miniSearch, flexSearch]) await other(bench, name, messages, engine());
  }
}

async function own(
  { report, memory }: SearchBench,
  name: string,
  messages: readonly CorpusMessage[],
  store: Store,
): Promise<void> {
  await putMessages(store, messages);
  const before = memory();
  const waiting = new Waiting();
  const start = performance.now();
  const index = await SearchIndex.open(subStore(store, ['search']));
  await indexAll(index, messages);
  const seconds = (performance.now() - start) / 1000;
  const longestSlice = waiting.stop();
  const after = memory();
  let bytes = 0;
  for await (const [key, value] of store.list(['search']))
    bytes += key.join('').length + value.length;
  const times = await timesOf(queries(QUERIES), (query) => firstHits(index, store, query));
  report({
    name,
    messagesPerSecond: Math.round(messages.length / seconds),
    longestSliceMs: rounded(longestSlice),
    indexBytes: bytes,
    memoryBytes: before === undefined || after === undefined ? undefined : after - before,
    ...milliseconds(times),
  });
  await store[Symbol.asyncDispose]();
}

async function putMessages(store: Store, messages: readonly CorpusMessage[]): Promise<void> {
  for (let at = 0; at < messages.length; at += 1000) {
    await store.batch(
      messages.slice(at, at + 1000).map((message) => ({
        type: 'set',
        key: ['msg', message.ref.slice(0, 2), message.ref],
        value: utf8Encode(JSON.stringify(message)),
      })),
    );
  }
}

async function indexAll(index: SearchIndex, messages: readonly CorpusMessage[]): Promise<void> {
  let since = performance.now();
  for (const { conversation, ref, stamp, text } of messages) {
    index.add({ conversation: String(conversation), ref, stamp, terms: termsOf(text) });
    if (index.full) {
      await index.flush(ref);
      while (await index.merge(stamp));
    }
    if (performance.now() - since < SLICE_MS) continue;
    await new Promise((resolve) => setTimeout(resolve, 0));
    since = performance.now();
  }
  await index.flush('end');
}

async function firstHits(index: SearchIndex, store: Store, query: string): Promise<number> {
  let hits = 0;
  for await (const { ref } of index.search(queryTermsOf(query))) {
    if ((await store.get(['msg', ref.slice(0, 2), ref])) === undefined) throw new Error('missing');
    hits += 1;
    if (hits === HITS) break;
  }
  return hits;
}

async function other(
  { report, wants, memory }: SearchBench,
  name: string,
  messages: readonly CorpusMessage[],
  engine: Engine,
): Promise<void> {
  const label = `${name}/${engine.name}`;
  if (!wants(label)) return;
  const before = memory();
  const start = performance.now();
  for (const [at, message] of messages.entries()) engine.add(message, at);
  const seconds = (performance.now() - start) / 1000;
  const after = memory();
  const times = await timesOf(queries(QUERIES), (query) => engine.search(query));
  report({
    name: label,
    messagesPerSecond: Math.round(messages.length / seconds),
    indexBytes: await engine.size(),
    memoryBytes: before === undefined || after === undefined ? undefined : after - before,
    ...milliseconds(times),
  });
}

function milliseconds(times: { p50: number; p95: number; longest: number }): object {
  const { p50, p95, longest } = times;
  return { p50Ms: rounded(p50), p95Ms: rounded(p95), longestMs: rounded(longest) };
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
