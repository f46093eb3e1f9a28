// Fills an LMDB store with a history, indexes it as the application does, and measures opening and searching. Prints one line of
// JSON for each figure.
//   pnpm bench:history [--messages N] [--keep FOLDER]
// A folder that is kept is used again: its history and index are not made anew.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Chats } from '@dimp/chat';
import { messageSearch } from '@dimp/chat/search';
import { Facebook, Messenger, register } from '@dimp/client';
import {
  type Clock,
  createProtocol,
  type Random,
  type Store,
  systemClock,
  systemRandom,
} from '@dimp/core';
import { chat } from '@dimp/extensions/chat';
import { standard } from '@dimp/extensions/standard';
import { lmdbStore } from '@dimp/store-lmdb';
import { corpus, latinWord, queries } from './corpus.ts';
import { percentile, timesOf, Waiting } from './measure.ts';

/** A message as the history stores it. */
interface StoredMessage {
  readonly ref: string;
  readonly ids: readonly string[];
  readonly sender: string;
  readonly out: boolean;
  readonly kind: string;
  readonly content: object;
  readonly time: number;
  readonly arrived: number;
  readonly stamp: number;
}

/** The part of the history that fills it. */
interface WritableHistory {
  change(
    id: string,
    kind: 'person',
    task: (edit: { add(message: StoredMessage): Promise<unknown> }) => Promise<void>,
  ): Promise<void>;
  chats(): AsyncIterable<readonly [id: string, chat: { readonly count: number }]>;
  close(): void;
}

type HistoryClass = new (options: {
  readonly store: Store;
  readonly user: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly readers: readonly string[];
  readonly onDamaged: (error: unknown) => void;
}) => WritableHistory;

const { values } = parseArgs({
  options: { messages: { type: 'string', default: '1000000' }, keep: { type: 'string' } },
});
const count = Number(values.messages);
const folder = values.keep ?? (await mkdtemp(join(tmpdir(), 'dim-history-')));
/** Messages of one conversation that are written in one batch. */
const BATCH = 500;

const protocol = createProtocol(standard(), chat());
const store = await lmdbStore({ path: folder });
const facebook = new Facebook({ protocol, store });
const user =
  (await facebook.currentUser())?.id ??
  (await register('history', { facebook, algorithm: 'Ed25519', metaType: '1' })).id;
// An application fills its history by sending and receiving only, which would take hours.
const { href } = new URL('../../../packages/chat/dist/history/history.js', import.meta.url);
const { History } = (await import(href)) as { History: HistoryClass };
const history = new History({
  store,
  user: user.entity,
  clock: systemClock,
  random: systemRandom,
  readers: [],
  onDamaged: (error) => console.error(error),
});
const kept: string[] = [];
for await (const [id] of history.chats()) kept.push(id);
const peers = kept.length > 0 ? kept.sort(byNumber) : await peersOf(200);

await fill();
const chats = new Chats({ facebook, search: messageSearch(), incoming: false });
const messenger = new Messenger({ facebook, services: [chats] });
await messenger.start();
await index();
await openings();
await searches();
await messenger.close();
await store[Symbol.asyncDispose]();
if (values.keep === undefined) await rm(folder, { recursive: true });

/** IDs of nobody: only their form counts. */
async function peersOf(number: number): Promise<readonly string[]> {
  const signer = await protocol.keys.generate('Ed25519');
  const meta = await protocol.metas.generate({ type: '1', signer, seed: 'peer' });
  const { address } = protocol.metas.makeID(meta, 0);
  return Array.from({ length: number }, (_, at) => `peer-${at}@${address.canonical}`);
}

/** Order of conversations by the number in their name. */
function byNumber(a: string, b: string): number {
  const number = (id: string): number => Number(/^peer-(\d+)@/.exec(id)?.[1]);
  return number(a) - number(b);
}

async function fill(): Promise<void> {
  if (kept.length > 0) return;
  const start = performance.now();
  const waiting = new Map<number, StoredMessage[]>();
  for (const { conversation, ref, stamp, text } of corpus(count, user)) {
    const list = waiting.get(conversation) ?? [];
    waiting.set(conversation, list);
    const content = { time: stamp / 1000, type: '1', sn: list.length + 1, text };
    const times = { time: stamp, arrived: stamp, stamp };
    const sender = user.entity;
    list.push({ ref, ids: [], sender, out: true, kind: 'text', content, ...times });
    if (list.length === BATCH) await write(conversation, list.splice(0));
  }
  for (const [conversation, list] of waiting) await write(conversation, list);
  history.close();
  report('fill', { messages: count, seconds: seconds(start) });
}

async function write(conversation: number, messages: readonly StoredMessage[]): Promise<void> {
  await history.change(peers[conversation] ?? '', 'person', async (edit) => {
    for (const message of messages) await edit.add(message);
  });
}

async function index(): Promise<void> {
  const waiting = new Waiting();
  const start = performance.now();
  const before = await chats.searchProgress.ready;
  let highest = 0;
  while (!(await isIndexed())) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    highest = Math.max(highest, process.memoryUsage().heapUsed);
  }
  let [bytes, records] = [0, 0];
  for await (const [key, value] of store.list(['search'])) {
    bytes += value.length + key.reduce((sum, part) => sum + part.length + 1, 0);
    records += 1;
  }
  report('index', {
    added: count - before.indexed,
    seconds: seconds(start),
    megabytes: bytes / 2 ** 20,
    records,
    longestSliceMs: waiting.stop(),
    heapMegabytes: highest / 2 ** 20,
  });
}

async function isIndexed(): Promise<boolean> {
  const { indexed, total } = await chats.searchProgress.ready;
  return indexed === total && total >= count;
}

async function openings(): Promise<void> {
  for (const conversation of [0, 10, 150]) {
    const times: number[] = [];
    for (let at = 0; at < 21; at++) {
      const start = performance.now();
      const opened = await chats.open(peers[conversation] ?? '');
      const window = opened.window();
      const { items } = await window.ready;
      times.push(performance.now() - start);
      if (items.length === 0) throw new Error('the conversation is empty');
      await window.close();
    }
    const [first = 0] = times;
    report('open', {
      conversation,
      firstMs: first,
      p50Ms: percentile(times, 0.5),
      p95Ms: percentile(times, 0.95),
    });
  }
}

async function searches(): Promise<void> {
  const rare = latinWord(30_000);
  const times = await timesOf([`${rare} `, ...queries(400)], async (query) => {
    let hits = 0;
    for await (const _ of chats.search(query)) hits += 1;
    return hits;
  });
  report('search', { queries: 401, hits: 50, ...times });
}

function seconds(start: number): number {
  return (performance.now() - start) / 1000;
}

function report(name: string, figures: Readonly<Record<string, number>>): void {
  const rounded = Object.entries(figures).map(([key, value]) => [
    key,
    Number(value.toPrecision(4)),
  ]);
  console.log(JSON.stringify({ name: `history/${count}/${name}`, ...Object.fromEntries(rounded) }));
}
