import { utf8Decode, utf8Encode } from '@dimp/foundation';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MessageRecord } from '../../src/history/message-record.ts';
import { fold } from '../../src/search/tokens.ts';
import { alice, bob, SearchedHistory } from './history-model.ts';

const HULK = 'hulk@18WCsoZhc7UpgT1wtGGV4pMQkc5RW3KXvQ';
const MOKI = bob.entity;
const WORDS = ['one', 'once', 'two', '你好', '好', 'Café', 'мир', 'سلام', '👍🏽', 'x', 'dim.chat'];

/** What a scan finds: every word of a message is compared, without any index. */
function scan(
  messages: readonly Scanned[],
  { words, prefix, from }: { words: readonly string[]; prefix: string; from: string | undefined },
): string[] {
  return messages
    .filter(({ text, sender }) => {
      const own = fold(text)
        .split(' ')
        .flatMap((word) => word.split('.'));
      const has = (word: string): boolean =>
        word
          .split('.')
          .every((part) =>
            /[你好]/.test(part) ? own.some((each) => each.includes(part)) : own.includes(part),
          );
      return (
        words.every((word) => has(fold(word))) &&
        (prefix === '' || own.some((each) => each.startsWith(prefix))) &&
        (from === undefined || sender === from)
      );
    })
    .sort((a, b) => b.stamp - a.stamp || (a.ref < b.ref ? 1 : -1))
    .map(({ ref }) => ref);
}

interface Scanned extends Pick<MessageRecord, 'ref' | 'sender' | 'stamp'> {
  readonly id: string;
  readonly text: string;
}

test('400 random queries find what a scan finds while messages come, change and go, and the program is killed', async () => {
  const text = fc
    .array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 4 })
    .map((words) => words.join(' '));
  const step = fc.oneof(
    { weight: 12, arbitrary: fc.record({ add: text, back: fc.nat(5000), other: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ edit: fc.nat(), to: text }) },
    { weight: 1, arbitrary: fc.record({ recall: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ remove: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ live: fc.constantFrom(1, 1000, 20_000) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        crash: fc.record({ afterWrites: fc.nat(6), unacknowledged: fc.boolean() }),
      }),
    },
  );
  const query = fc.record({
    words: fc.subarray(WORDS, { maxLength: 2 }),
    prefix: fc.constantFrom('', '', 'on', 'ca'),
    from: fc.constantFrom(undefined, undefined, alice, bob),
  });
  let [asked, hits] = [0, 0];
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.tuple(fc.array(step, { maxLength: 8 }), fc.array(query, { minLength: 4, maxLength: 4 })),
        { minLength: 12, maxLength: 12 },
      ),
      async (rounds) => {
        const chats = new SearchedHistory();
        const messages = new Map<string, Scanned>();
        const pick = (at: number): Scanned | undefined =>
          [...messages.values()][at % messages.size];
        for (const [steps, queries] of rounds) {
          for (const each of steps) {
            if ('add' in each) {
              const id = each.other ? HULK : MOKI;
              const sender = each.back % 2 === 0 ? alice : bob;
              const stamp = chats.time.now() - each.back;
              const { ref } = await chats.add(id, each.add, { stamp, sender });
              messages.set(ref, { id, ref, text: each.add, sender: sender.entity, stamp });
            } else if ('edit' in each) {
              const old = pick(each.edit);
              if (old === undefined) continue;
              const edits = [{ time: 1, value: { text: each.to } }];
              await chats.change(old.id, old.ref, { edits });
              messages.set(old.ref, { ...old, text: each.to });
            } else if ('recall' in each || 'remove' in each) {
              const old = pick('recall' in each ? each.recall : each.remove);
              if (old === undefined) continue;
              const recalled = { by: old.sender, time: 1 };
              if ('recall' in each) await chats.change(old.id, old.ref, { recalled });
              else await chats.remove(old.id, old.ref);
              messages.delete(old.ref);
            } else if ('live' in each) {
              await chats.live(each.live);
            } else {
              await chats.crash(each.crash);
            }
          }
          for (const { words, prefix, from } of queries) {
            if (words.length === 0 && prefix === '') continue;
            // A word at the end may be unfinished, so that a space ends it.
            const found = await chats.find(`${words.join(' ')} ${prefix}`, {
              limit: 1000,
              ...(from === undefined ? {} : { from: [from.text] }),
            });
            const expected = scan([...messages.values()], { words, prefix, from: from?.entity });
            expect(found.map(({ message }) => message.ref)).toEqual(expected);
            asked += 1;
            hits += found.length;
          }
        }
        expect(chats.failures).toEqual([]);
        await chats.search.stop();
      },
    ),
    { numRuns: 12 },
  );
  expect(asked).toBeGreaterThan(400);
  expect(hits).toBeGreaterThan(400);
});

async function textsFound(
  chats: SearchedHistory,
  ...search: Parameters<SearchedHistory['find']>
): Promise<string[]> {
  return (await chats.find(...search)).map(({ message }) => message.text);
}

test('a phrase finds words that follow each other, and the rest of the query anywhere', async () => {
  const chats = new SearchedHistory();
  for (const text of ['dinner at eight', 'eight at dinner', '我们去铁路博物馆', 'at 铁博']) {
    await chats.add(HULK, text);
    await chats.live(20_000);
  }
  expect(await textsFound(chats, '"at eight"')).toEqual(['dinner at eight']);
  expect(await textsFound(chats, '"at eig"')).toEqual([]);
  expect(await textsFound(chats, '"at dinner" ei')).toEqual(['eight at dinner']);
  expect(await textsFound(chats, '"铁路"')).toEqual(['我们去铁路博物馆']);
  expect(await textsFound(chats, '"unclosed at')).toEqual([]);
  await chats.search.stop();
});

test('messages are filtered by conversation, author, kind and time, also without words', async () => {
  const chats = new SearchedHistory();
  const start = chats.time.now();
  await chats.add(HULK, 'see https://Example.org/x', { stamp: start + 1 });
  await chats.add(MOKI, 'a picture', { stamp: start + 2, kind: 'image', sender: bob });
  await chats.add(MOKI, 'words', {
    stamp: start + 3,
    sender: bob,
    content: { filename: 'tax.pdf' },
  });
  await chats.live(20_000);
  expect(await textsFound(chats, '', { in: MOKI })).toEqual(['words', 'a picture']);
  expect(await textsFound(chats, '', { kinds: ['image', 'link'] })).toHaveLength(2);
  expect(await textsFound(chats, '', { from: [alice.text] })).toEqual([
    'see https://Example.org/x',
  ]);
  expect(await textsFound(chats, 'tax', { kinds: ['text'] })).toEqual(['words']);
  expect(await textsFound(chats, 'tax', { kinds: ['image'] })).toEqual([]);
  expect(await textsFound(chats, '', { in: MOKI, after: start + 3 })).toEqual(['words']);
  expect(await textsFound(chats, '', { in: MOKI, before: start + 2 })).toEqual(['a picture']);
  expect(await textsFound(chats, '', { in: MOKI, limit: 1 })).toEqual(['words']);
  expect(await textsFound(chats, '')).toEqual([]);
  expect(await textsFound(chats, '?!', { in: MOKI })).toEqual([]);
  await chats.search.stop();
});

test('a damaged message does not keep later ones from being indexed', async () => {
  const chats = new SearchedHistory();
  await chats.add(HULK, 'first');
  await chats.live(20_000);
  await chats.add(HULK, 'second');
  await chats.add(HULK, 'third');
  for await (const [key, value] of chats.durable.list(['msg'])) {
    if (utf8Decode(value).includes('second')) await chats.durable.set(key, utf8Encode('{'));
  }
  await chats.live(60_000);
  for await (const _ of chats.history.log.entries('index')) expect.unreachable();
  expect(await textsFound(chats, 'third')).toEqual(['third']);
  await chats.search.stop();
});

test('hits mark what was found in the text as it was written', async () => {
  const chats = new SearchedHistory();
  await chats.add(HULK, 'Zu\u0308rich: ＤＩＭ, 铁路, and Zürichsee');
  const [hit] = await chats.find('zurich dim 铁路');
  const { text } = hit?.message ?? { text: '' };
  expect(hit?.ranges.map(([start, end]) => text.slice(start, end))).toEqual([
    'Zu\u0308rich',
    'ＤＩＭ',
    '铁路',
  ]);
  const [open] = await chats.find('züri');
  expect(open?.ranges.map(([start, end]) => text.slice(start, end))).toEqual([
    'Zu\u0308ri',
    'Züri',
  ]);
  await chats.search.stop();
});

test('the first indexing goes on after a crash, and says how far it is', async () => {
  const chats = new SearchedHistory();
  chats.leads = false;
  for (let at = 0; at < 200; at++) await chats.add(at % 2 === 0 ? HULK : MOKI, `word${at} all`);
  expect(await chats.find('all', { limit: 1000 })).toHaveLength(200);
  expect(await chats.search.progress.ready).toEqual({ indexed: 0, total: 200 });
  chats.leads = true;
  await chats.crash({ afterWrites: 8 });
  await chats.live(20_000);
  expect(await chats.search.progress.ready).toEqual({ indexed: 200, total: 200 });
  expect(await chats.find('all', { limit: 1000 })).toHaveLength(200);
  expect(await chats.find('word77 ')).toHaveLength(1);
  let segments = 0;
  for await (const [path] of chats.durable.list(['search', 'me', 's'])) segments += path.length / 4;
  expect(segments).toBeLessThan(10);
  await chats.search.stop();
});

test('a program that does not lead finds what is written, and what is not in the index yet', async () => {
  const leading = new SearchedHistory();
  const other = new SearchedHistory(leading.durable);
  other.leads = false;
  await leading.add(HULK, 'first all');
  expect(await textsFound(other, 'all')).toEqual(['first all']);
  await leading.live(20_000);
  await leading.add(HULK, 'second all');
  expect(await textsFound(other, 'all')).toEqual(['second all', 'first all']);
  await other.live(20_000);
  await leading.live(20_000);
  expect(await textsFound(other, 'all')).toEqual(['second all', 'first all']);
  await Promise.all([leading.search.stop(), other.search.stop()]);
});

test('a recalled message is not found any more, and its words are gone from the store after a day', async () => {
  const chats = new SearchedHistory();
  const { ref } = await chats.add(HULK, 'hush secretword');
  await chats.add(HULK, 'harmless');
  await chats.live(20_000);
  await chats.change(HULK, ref, { recalled: { by: alice.entity, time: 1 } });
  expect(await chats.find('secretword')).toEqual([]);
  const stored = async (): Promise<boolean> => {
    for await (const [, value] of chats.durable.list(['search'])) {
      if (new TextDecoder().decode(value).includes('secretword')) return true;
    }
    return false;
  };
  expect(await stored()).toBe(true);
  await chats.live(26 * 3_600_000);
  expect(await stored()).toBe(false);
  // Nothing is left to be done.
  for await (const [path] of chats.durable.list(['chat-log'])) expect(path).toBe('finished');
  expect(await textsFound(chats, 'harmless')).toEqual(['harmless']);
  await chats.search.stop();
});

test('a damaged block is noticed by a search, and its messages are indexed again', async () => {
  const chats = new SearchedHistory();
  for (let at = 0; at < 40; at++) await chats.add(HULK, `word${at} all`);
  await chats.live(20_000);
  for (const area of ['d', 'n']) {
    await chats.crash();
    for await (const [key] of chats.durable.list(['search', 'me', area])) {
      await chats.durable.set(key, new Uint8Array([7]));
    }
    await chats.live(20_000);
    expect(await chats.find('all', { limit: 100 })).toEqual([]);
    await chats.live(4_000_000);
    expect(await chats.find('all', { limit: 100 })).toHaveLength(40);
    expect(await chats.search.progress.ready).toEqual({ indexed: 40, total: 40 });
  }
  await chats.search.stop();
});

test('an index that was deleted is made again', async () => {
  const chats = new SearchedHistory();
  for (let at = 0; at < 40; at++) await chats.add(HULK, `word${at} all`);
  await chats.live(20_000);
  await chats.crash();
  for await (const [key] of chats.durable.list(['search'])) await chats.durable.delete(key);
  expect(await chats.find('all', { limit: 100 })).toHaveLength(40);
  await chats.live(20_000);
  expect(await chats.search.progress.ready).toEqual({ indexed: 40, total: 40 });
  await chats.search.stop();
});

test('a query of a thousand words or a million characters asks for 32 terms of its first 1,024 characters', async () => {
  const chats = new SearchedHistory();
  const words = Array.from({ length: 200 }, (_, at) => `w${at}`).join(' ');
  await chats.add(HULK, words);
  expect(await chats.find(`${words} ${words} missing`)).toHaveLength(1);
  expect(await chats.find('w1  '.repeat(250_000))).toHaveLength(1);
  await chats.search.stop();
});
