import { expect, test } from 'vitest';
import type { ImportedMessage } from '../../src/index.ts';
import { World } from './world.ts';

/** Texts of two people, one each minute. */
function texts(one: string, other: string, count: number): ImportedMessage[] {
  return Array.from({ length: count }, (_, at) => ({
    sender: at % 2 === 0 ? one : other,
    content: { type: 1, sn: at + 1, time: 1_700_000_000 + at * 60, text: `text ${at}` },
    arrived: (1_700_000_000 + at * 60) * 1000,
  }));
}

test('messages of another history stand where their time puts them, once, and are not news', async () => {
  const world = new World();
  const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
  const all = texts(hulk.id.text, moki.id.text, 200);
  // The newest first, and a part of it again.
  expect(await moki.chats.import(hulk.id.text, all.slice(100))).toBe(100);
  expect(await moki.chats.import(hulk.id.text, all)).toBe(100);
  expect(await moki.chats.import(hulk.id.text, all)).toBe(0);
  const chat = await moki.chats.open(hulk.id.text);
  const shown: string[] = [];
  for await (const { text, mine } of chat.messages()) shown.push(`${mine ? '>' : '<'} ${text}`);
  expect(shown).toEqual(
    all.map(({ content: { text } }, at) => `${at % 2 === 0 ? '<' : '>'} ${text}`),
  );
  const summary = await chat.summary.ready;
  expect(summary).toMatchObject({ unread: 0, last: { preview: 'text 199', mine: true } });
  expect(moki.sent).toEqual([]);
});

test('an imported message that the user has not seen is unread and comes in the queue', async () => {
  const world = new World();
  const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
  const [first] = texts(hulk.id.text, moki.id.text, 1);
  if (first === undefined) expect.unreachable();
  await moki.chats.import(hulk.id.text, [{ ...first, isNew: true }]);
  const chat = await moki.chats.open(hulk.id.text);
  expect((await chat.summary.ready).unread).toBe(1);
  for await (const { message } of moki.chats.incoming()) {
    expect(message.text).toBe('text 0');
    break;
  }
});

test('a content that cannot be read ends an import, and what was before it stays', async () => {
  const world = new World();
  const [moki, hulk] = [await world.join('moki'), await world.join('hulk')];
  const [one, two] = texts(hulk.id.text, moki.id.text, 2);
  if (one === undefined || two === undefined) expect.unreachable();
  const wrong = { ...two, sender: 'nobody at all' };
  await expect(moki.chats.import(hulk.id.text, [one])).resolves.toBe(1);
  await expect(moki.chats.import(hulk.id.text, [wrong])).rejects.toMatchObject({
    code: expect.stringMatching(/^(?:format|unsupported)\//),
  });
  const chat = await moki.chats.open(hulk.id.text);
  const shown: string[] = [];
  for await (const { text } of chat.messages()) shown.push(text);
  expect(shown).toEqual(['text 0']);
});
