import { marksOf, replyBody, targetOf } from '@dimp/extensions/chat';
import { Quote, type TextBody } from '@dimp/extensions/contents';
import type { JsonObject } from '@dimp/foundation';
import { expect, test } from 'vitest';
import { alice, bob, group, ids, read, registry, write } from './reader.ts';

const ref = 'r'.repeat(22);
const protocol = { parseID: (text: unknown) => ids.parse(text as string) };

function textOf(members: JsonObject): TextBody {
  return read({ type: '1', text: 'see https://example.org', ...members })[1] as TextBody;
}

test('a text stays readable when its mentions, preview, or lifetime are not', () => {
  const plain = { text: 'see https://example.org' };
  for (const members of [
    { mentions: 'nobody' },
    { mentions: { did: bob.text } },
    { preview: 'https://example.org' },
    { preview: { URL: 'javascript:alert(1)' } },
    { preview: { URL: `https://example.org/${'x'.repeat(3000)}` } },
    { vanish: 4 },
    { vanish: 90 * 86_400 + 1 },
    { vanish: 5.5 },
    { vanish: 'soon' },
  ]) {
    expect(textOf(members)).toEqual(plain);
  }
  expect(textOf({ vanish: 5 })).toEqual({ ...plain, vanish: 5 });
});

test('a preview never names a picture that would be fetched', () => {
  const URL = 'https://example.org/';
  for (const icon of [
    'https://tracker.example/pixel.png',
    'data:image/svg+xml;base64,AAAA',
    'data:text/html;base64,AAAA',
    `data:image/png;base64,${'A'.repeat(16_384)}`,
    { URL: 'https://tracker.example/pixel.png' },
  ]) {
    expect(textOf({ preview: { URL, title: 't', icon } }).preview).toEqual({ URL, title: 't' });
  }
});

test('a long title is cut, and never through a character', () => {
  const title = `${'x'.repeat(499)}😀`;
  const { preview } = textOf({ preview: { URL: 'https://example.org/', title } });
  expect(preview?.title).toBe('x'.repeat(499));
});

test('marks are read of contents of any kind, and damaged ones count as absent', () => {
  const origin = { sender: alice.text, group: group.text, type: 18, sn: 7, time: 8.5, ref };
  const picture = registry.parse({
    type: '18',
    sn: 1,
    URL: 'https://cdn.example/1',
    action: 'sticker',
    forwarded: true,
    vanish: 60,
    origin,
    mentions: [{ did: bob.text, at: 0, length: 3 }],
  });
  expect(marksOf(picture, protocol)).toEqual({
    forwarded: true,
    sticker: true,
    vanish: 60,
    origin: { sender: alice, receiver: group, type: '18', sn: 7, time: 8.5, ref },
    mentions: [{ did: bob, at: 0, length: 3 }],
  });
  const damaged = registry.parse({
    type: '1',
    sn: 1,
    text: 'x',
    action: 'sticker',
    forwarded: 'yes',
    vanish: -1,
    origin: { sn: 7 },
    mentions: 5,
  });
  expect(marksOf(damaged, protocol)).toEqual({ forwarded: false, sticker: false });
});

test('a reply quotes at most 200 characters and names its message by ref; older programs read a quote', () => {
  const content = registry.parse({ type: '1', sn: 404, time: 5.5, text: 'x'.repeat(300) });
  const message = { envelope: { sender: alice, receiver: bob, time: 6 }, content };
  const target = targetOf(message);
  const body = replyBody('Yes', message);
  expect(body.origin).toEqual({ ...target, receiver: bob, type: '1', text: 'x'.repeat(200) });
  expect(write(Quote.create(body))).toMatchObject({ type: '55', text: 'Yes' });
});

test('a quote with a damaged ref, or with a quoted text that is too long, is still a quote', () => {
  const origin = { sender: alice.text, ref: '?', text: 'y'.repeat(201) };
  expect(read({ type: '55', text: 'x', origin })).toEqual([
    'quote',
    { text: 'x', origin: { sender: alice, text: 'y'.repeat(200) } },
  ]);
});

test('a waveform of more than 64 bytes, and a fingerprint that is none, are left out', () => {
  const waveform = zerosInBase64(65);
  expect(read({ type: '20', waveform })[1]).toEqual({});
  expect(read({ type: '20', waveform: zerosInBase64(64) })[1]).toEqual({
    waveform: new Uint8Array(64),
  });
  expect(read({ type: '51', did: bob.text, fp: 'short' })[1]).toEqual({ did: bob });
});

function zerosInBase64(length: number): string {
  return btoa('\0'.repeat(length));
}
