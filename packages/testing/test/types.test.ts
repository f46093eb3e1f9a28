import { createProtocol, defineExtension } from '@dimp/core';
import { defineContent } from '@dimp/dkd';
import { Text } from '@dimp/extensions/contents';
import { ecc } from '@dimp/extensions/ecc';
import { rsa } from '@dimp/extensions/rsa';
import { standard } from '@dimp/extensions/standard';
import { object, string } from '@dimp/foundation/schema';
import { expect, expectTypeOf, test } from 'vitest';

const Poll = defineContent({
  kind: 'com.example/poll',
  match: { type: '204', app: 'com.example', mod: 'poll', act: 'ask' },
  schema: object({ question: string }),
});
const protocol = createProtocol(standard(), defineExtension({ name: 'poll', contents: [Poll] }));

test('the compiler knows what is registered', async () => {
  const content = protocol.parseContent({
    type: 204,
    sn: 1,
    app: 'com.example',
    mod: 'poll',
    act: 'ask',
    question: 'tea?',
  });
  if (content.kind !== 'com.example/poll') expect.unreachable();
  expectTypeOf(content.body.question).toEqualTypeOf<string>();
  expect(content.body.question).toBe('tea?');

  const Secret = defineContent({ kind: 'secret', match: { type: '99' }, schema: object({}) });
  expect(() =>
    protocol.contents.stamp(
      // @ts-expect-error this content type is not registered
      Secret.create({}),
      { time: 0 },
    ),
  ).toThrow(expect.objectContaining({ code: 'unsupported/content' }) as Error);

  // @ts-expect-error a wrong body does not compile
  Text.create({ txet: 'x' });
});

test('a key has the abilities of its algorithm and no others', async () => {
  const identity = await protocol.keys.generate('ECC');
  // @ts-expect-error ECC keys cannot decrypt
  expect(identity.decrypt).toBeUndefined();
  // @ts-expect-error nor can their public halves encrypt
  expect(identity.publicKey.encrypt).toBeUndefined();
  expectTypeOf(rsa.parsePrivate).returns.toHaveProperty('decrypt');
  expectTypeOf(ecc.parsePrivate).returns.not.toHaveProperty('decrypt');
  // @ts-expect-error an algorithm that is not registered
  await expect(protocol.keys.generate('DSA')).rejects.toMatchObject({
    code: 'unsupported/algorithm',
  });
});

test('a plain text is not an ID', () => {
  // @ts-expect-error an ID is made by parseID
  const wrong: Parameters<typeof protocol.metas.matchesID>[1] = 'bob';
  expect(wrong).toBe('bob');
});
