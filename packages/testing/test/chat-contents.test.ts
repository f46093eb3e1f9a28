import { createProtocol } from '@dimp/core';
import type { ContentType } from '@dimp/dkd';
import * as chat from '@dimp/extensions/chat';
import { standard } from '@dimp/extensions/standard';
import { isProtocolError, type JsonObject } from '@dimp/foundation';
import { contentTypeCompliance } from '@dimp/testing/compliance';
import { describe, expect, test } from 'vitest';

const protocol = createProtocol(standard(), chat.chat());
const alice = protocol.parseID('0x7950da97AdBd80a84fc46bC66CBee786Aa3ef0Be');
const bob = protocol.parseID('1JxwoorRPu1A7r9TgQqv7Fzin8d2AkqavF');

const ref = chat.refOf({ sender: alice, sn: 404, time: 1795399990.5 });
const target = { sender: alice, sn: 404, time: 1795399990.5, ref };
const origin = { type: '1', sn: 404, time: 1795399990.5, ref };
const poll = chat.pollBody({
  question: 'Dinner?',
  options: [
    { id: 'a', text: 'Yes' },
    { id: 'b', text: 'No' },
  ],
  several: true,
  until: 1795400000,
});

function suite<K extends string, B>(type: ContentType<K, B>, ...bodies: readonly B[]): void {
  describe(type.kind, () => {
    const beside = protocol.contents.types.filter((other) => other.kind !== type.kind);
    contentTypeCompliance(test, type, { samples: bodies.map((body) => ({ body })), beside });
  });
}

suite(
  chat.Edit,
  { text: 'Dinner at eight?', edited: 1795400100.2, origin },
  {
    text: '@bob hello',
    format: 'markdown',
    edited: 1,
    mentions: [{ did: bob, at: 0, length: 4 }],
    origin: { sn: 404 },
  },
  { text: 'all', edited: 1, mentions: 'all', origin },
);
suite(
  chat.CaptionEdit,
  {
    text: 'Our house',
    edited: 1795400100.2,
    origin,
    file: { type: '18', URL: 'https://cdn.example/a', key: { algorithm: 'PLAIN' } },
  },
  { text: '', edited: 1, origin: {}, file: { type: '16', filename: 'a.txt', data: 'AAAA' } },
);
suite(
  chat.Recall,
  { text: '_(message recalled)_', format: 'markdown', edited: 2, muted: true, origin },
  { text: '', origin: { type: '18', sn: 5, URL: 'https://cdn.example/a', filename: 'a.bin' } },
);
suite(chat.Poll, poll);
suite(
  chat.Location,
  { text: '📍', location: { latitude: 47.37, longitude: 8.54 } },
  { text: '📍', location: { latitude: -1, longitude: 0, accuracy: 12.5, name: 'Here' } },
);
suite(chat.Reaction, { target, emojis: ['👍', '👨‍👩‍👧', '🇨🇭'] }, { target, emojis: [] });
suite(chat.Moderation, { target }, { target, reason: 'spam' });
suite(chat.ReadMark, { upto: { time: 1795400000.5, ref } });
suite(chat.Typing, { for: 'text' });
suite(chat.TypingStop, { for: 'voice' });
suite(chat.Timer, { seconds: 0 }, { seconds: 604_800, note: 'one week' });
suite(chat.Vote, { target, options: ['a', 'b'] }, { target, options: [] });
suite(chat.PollClose, { target });
suite(chat.Pin, { target, on: true }, { target, on: false });

function codeOf(wire: JsonObject): string {
  try {
    return protocol.contents.parse(wire).kind;
  } catch (error) {
    if (isProtocolError(error)) return error.code;
    throw error;
  }
}

const wireTarget: JsonObject = { ...target, sender: alice.text };
const reaction = (members: JsonObject): JsonObject => ({
  type: 204,
  sn: 1,
  app: 'dimp.chat',
  mod: 'reaction',
  act: 'set',
  target: wireTarget,
  emojis: [],
  ...members,
});

test('a ref depends on the sender’s entity, the serial number, and the time in milliseconds', () => {
  expect(ref).toMatch(/^[A-Za-z0-9_-]{22}$/);
  const parts = { sender: alice, sn: 404, time: 1795399990.5 };
  const elsewhere = protocol.parseID(`${alice.text}/phone`);
  expect(chat.refOf({ ...parts, sender: elsewhere })).toBe(ref);
  expect(chat.refOf({ ...parts, time: 1795399990.5004 })).toBe(ref);
  expect(chat.refOf({ ...parts, time: 1795399990.501 })).not.toBe(ref);
  expect(chat.refOf({ ...parts, sn: 405 })).not.toBe(ref);
  expect(chat.refOf({ ...parts, sender: bob })).not.toBe(ref);
});

test('a reaction consists of at most three emoji, and nothing else', () => {
  expect(codeOf(reaction({ emojis: ['👍'] }))).toBe('reaction');
  for (const emojis of [
    ['like'],
    ['👍👍'],
    ['👍\u200D'],
    ['\u202E👍'],
    [''],
    ['5'],
    ['👍'.repeat(20)],
    [`👩${'\u200D👩'.repeat(5)}`],
    [`🏴${'\u{E0061}'.repeat(20)}\u{E007F}`],
    '👍',
  ]) {
    expect([emojis, codeOf(reaction({ emojis }))]).toEqual([emojis, 'format/field']);
  }
  expect(codeOf(reaction({ emojis: ['👍', '👎', '😀', '😢'] }))).toBe('format/limit');
});

test('a target needs its sender, number, time, and ref', () => {
  for (const name of ['sender', 'sn', 'time', 'ref']) {
    expect(codeOf(reaction({ target: { ...wireTarget, [name]: null } }))).toBe('format/field');
  }
  expect(codeOf(reaction({ target: { ...wireTarget, ref: `${ref}=` } }))).toBe('format/field');
});

test('a poll has 2 to 12 options, each with a text', () => {
  const wire = (options: JsonObject[]): JsonObject => ({
    type: 1,
    sn: 1,
    action: 'poll',
    text: 'x',
    poll: { question: 'x', options },
  });
  const options = (count: number): JsonObject[] =>
    Array.from({ length: count }, (_, at) => ({ id: String(at), text: 'x' }));
  expect(codeOf(wire(options(2)))).toBe('poll');
  expect(codeOf(wire(options(12)))).toBe('poll');
  expect(codeOf(wire(options(1)))).toBe('format/field');
  expect(codeOf(wire(options(13)))).toBe('format/limit');
  expect(codeOf(wire([{ id: 'a', text: '' }, ...options(2)]))).toBe('format/field');
  expect(codeOf(wire([{ id: 'a', text: 'x'.repeat(201) }, ...options(2)]))).toBe('format/limit');
});

test('a deployed client’s recall is read', () => {
  const { kind, body } = protocol.contents.parse({
    type: 1,
    sn: 404,
    time: 1795399990.5,
    text: '_(message recalled)_',
    format: 'markdown',
    action: 'recall',
    origin: { type: 1, sn: 404 },
    muted: true,
  });
  expect(kind).toBe('recall');
  expect(body).toEqual({
    text: '_(message recalled)_',
    format: 'markdown',
    muted: true,
    origin: { type: '1', sn: 404 },
  });
});

test('edits, recalls, and polls are texts for a program that does not know them', () => {
  const old = createProtocol(standard());
  const { stamp } = protocol.contents;
  const wires = [
    stamp(chat.Edit.create({ text: 'shown', edited: 1, origin }), { time: 1 }).wire,
    stamp(chat.Recall.create({ text: 'shown', origin }), { time: 1 }).wire,
    stamp(chat.Poll.create({ ...poll, text: 'shown' }), { time: 1 }).wire,
  ];
  for (const wire of wires) {
    expect(old.contents.parse(wire)).toMatchObject({ kind: 'text', body: { text: 'shown' } });
  }
});

test('silent contents carry a text for tools, and are customized contents for a program that does not know them', () => {
  const draft = chat.Reaction.create({ target, emojis: ['👍'] });
  const { wire } = protocol.contents.stamp(draft, { time: 1 });
  expect(wire).toMatchObject({ type: '204', app: 'dimp.chat', text: '👍' });
  expect(createProtocol(standard()).contents.parse(wire).kind).toBe('customized');
});

test('mentions outside the text and overlapping ones are left out', () => {
  const mention = (at: number, length: number) => ({ did: bob, at, length });
  const inside = [mention(0, 2), mention(3, 2)];
  const listed = [mention(3, 2), mention(4, 9), mention(1, 1), mention(0, 2)];
  expect(chat.mentionsInside('@b @c', listed)).toEqual(inside);
});
