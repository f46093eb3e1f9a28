import { Text } from '@dimp/extensions/contents';
import { expect, test, vi } from 'vitest';
import { account, leads, PATIENCE } from './tabs.ts';

test('of two tabs one leads; it delivers the messages of the other one, whose handle reports their state', async () => {
  const { hulk, shown, open } = await account();
  const one = await open();
  await leads(one);
  const two = await open();
  two.tell({ kind: 'send', words: 'hi', to: hulk.text });
  await vi.waitFor(
    () => expect(two.reports).toContainEqual({ kind: 'state', words: 'hi', state: 'received' }),
    PATIENCE,
  );
  expect(shown).toEqual(['hi']);
  expect(two.reports).not.toContainEqual({ kind: 'leading' });
  expect(two.reports.some(({ kind }) => kind === 'packet')).toBe(false);
  one.tell({ kind: 'close' });
  await leads(two);
  expect([...one.words('error'), ...two.words('error')]).toEqual([]);
});

test('messages that a killed tab has not finished are shown by the other one, once', async () => {
  const { moki, messenger, open } = await account();
  const one = await open();
  await leads(one);
  const two = await open(false);
  const message = await messenger.pack(Text.create({ text: 'hi' }), moki);
  if ('status' in message) expect.unreachable();
  const bytes = messenger.serialize(message);
  two.tell({ kind: 'deliver', bytes });
  // Its receipt says that it is on disk.
  await vi.waitFor(
    () => expect(two.reports.some(({ kind }) => kind === 'packet')).toBe(true),
    PATIENCE,
  );
  expect(one.words('shown')).toEqual([]);
  two.kill();
  await vi.waitFor(() => expect(one.words('shown')).toEqual(['hi']), PATIENCE);
  one.tell({ kind: 'deliver', bytes });
  await vi.waitFor(
    () => expect(one.reports.some(({ kind }) => kind === 'packet')).toBe(true),
    PATIENCE,
  );
  expect(one.words('shown')).toEqual(['hi']);
});
