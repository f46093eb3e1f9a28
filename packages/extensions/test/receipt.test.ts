import * as commands from '@dimp/extensions/commands';
import type { JsonObject } from '@dimp/foundation';
import { describe, expect, test } from 'vitest';
import { alice, bob, codeOf, command, group, read, write } from './reader.ts';

describe('receipt', () => {
  const origin = { sender: alice.text, receiver: bob.text, time: 5, sn: 6, signature: 'AAEC' };
  const read0 = { sender: alice, receiver: bob, time: 5, sn: 6, signature: Uint8Array.of(0, 1, 2) };
  const originOf = (members: JsonObject) =>
    (read(command('receipt', members))[1] as commands.ReceiptBody).origin;

  test('finds its origin in origin, envelope, or flat', () => {
    expect(originOf({ origin })).toEqual(read0);
    expect(originOf({ envelope: origin })).toEqual(read0);
    expect(originOf(origin)).toEqual(read0);
    expect(originOf({ origin, envelope: { sender: 'damaged@@' }, sender: 'x' })).toEqual(read0);
    expect(originOf({ text: 'ok' })).toBeUndefined();
  });

  test('takes the text, else the message of 0.8', () => {
    expect(read(command('receipt', { text: 'a', message: 'b' }))[1]).toEqual({ text: 'a' });
    expect(read(command('receipt', { message: 'b' }))[1]).toEqual({ text: 'b' });
  });

  test('is made for a message, and written in the modern form only', () => {
    const envelope = { sender: alice, receiver: bob, time: 5, type: '1' };
    const signature = Uint8Array.of(0, 1, 2);
    const draft = commands.receiptFor(envelope, 'Message received.', { sn: 6, signature, group });
    expect(draft.group).toBe(group);
    expect(write(draft)).toEqual({
      type: '136',
      command: 'receipt',
      group: group.text,
      text: 'Message received.',
      origin: { ...origin, type: '1' },
    });
    expect(write(commands.receiptFor({ ...envelope, group }, 'x'))).not.toHaveProperty('group');
  });

  test('carries the code of a refusal at the top, and none when it does not refuse', () => {
    const envelope = { sender: alice, receiver: bob, time: 5 };
    const code = 'policy/unauthorized';
    const refusal = commands.receiptFor(envelope, 'Too long for us.', { sn: 6, code });
    expect(write(refusal)).toMatchObject({ text: 'Too long for us.', code });
    expect(read(command('receipt', { text: 'x', code }))[1]).toEqual({ text: 'x', code });
    expect(write(commands.receiptFor(envelope, 'Message received.'))).not.toHaveProperty('code');
  });

  test.each([200, '200', '', 'policy', 'a/b/c', 'Policy/x', {}, [], null])(
    'with a member "code" that is not of our form, %j, is read as if it had none',
    (code) => {
      expect(read(command('receipt', { text: 'x', code }))[1]).toEqual({ text: 'x' });
    },
  );

  test.each([
    { origin: 'x' },
    { origin: {} },
    { sender: 5 },
    { origin: { ...origin, signature: '!' } },
    { replacements: [] },
  ])('refuses %j', (members) => {
    expect(codeOf(command('receipt', members))).toMatch(/^format\/(field|bytes)$/);
  });
});
