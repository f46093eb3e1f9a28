import type { JsonObject } from '@dimp/foundation';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { twoFriends } from './world.ts';

/** Members that contents have. */
const NAMES = [
  ...[
    'text',
    'origin',
    'sender',
    'sn',
    'time',
    'ref',
    'contents',
    'URL',
    'data',
    'filename',
    'size',
  ],
  ...[
    'mentions',
    'did',
    'at',
    'length',
    'format',
    'action',
    'edited',
    'poll',
    'options',
    'id',
    'question',
  ],
  ...[
    'thumbnail',
    'key',
    'sha256',
    'vanish',
    'after',
    'muted',
    'forwarded',
    'sticker',
    'constructor',
  ],
  ...['target', 'emojis', 'upto', 'seconds', 'for', 'on', 'title', 'messages', 'type', 'hidden'],
];
const TYPES = [
  '1',
  '16',
  '18',
  '20',
  '22',
  '32',
  '51',
  '55',
  '64',
  '77',
  '202',
  '207',
  '204',
  '255',
];
/** Values of every form. */
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(...[null, true, 0, -1, 1.5, 1e300, '', '\u0000', '\ud800', 'x'.repeat(5000)]),
    fc.constantFrom('1', '18', 'all', 'edit', 'recall', 'constructor', 'https://h/x', 'AAAA'),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...NAMES), tie('any'), { maxKeys: 4 }),
  ),
})).any;

test('no content that a peer can write keeps the others of its conversation from being shown', async () => {
  const { world, moki, hulk, hulkChat } = await twoFriends();
  let sn = 0;
  const content = fc.record({
    type: fc.constantFrom(...TYPES),
    members: fc.dictionary(fc.constantFrom(...NAMES), value, { maxKeys: 6 }),
  });
  await fc.assert(
    fc.asyncProperty(content, async ({ type, members }) => {
      sn += 1;
      const time = world.time.now() / 1000;
      const wire = { text: 'x', ...members, type, sn, time } as JsonObject;
      await world.forgeWire(moki, wire, hulk).catch(() => undefined);
      expect(hulk.failed).toEqual([]);
    }),
    { numRuns: 150 },
  );
  await world.forgeWire(
    moki,
    { type: 1, sn: sn + 1, time: world.time.now() / 1000, text: 'last' },
    hulk,
  );
  const shown: string[] = [];
  for await (const { text } of hulkChat.messages()) shown.push(text);
  expect(shown).toContain('last');
  const abort = new AbortController();
  let count = 0;
  for await (const { message } of hulk.chats.incoming({ signal: abort.signal })) {
    count += 1;
    if (message.text === 'last') abort.abort();
  }
  expect(count).toBeGreaterThan(1);
  await world.live(11 * 60_000, 60_000);
  expect(hulk.failed).toEqual([]);
});
