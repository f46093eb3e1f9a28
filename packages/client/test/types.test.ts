import { defineContent } from '@dimp/dkd';
import { Text } from '@dimp/extensions/contents';
import { object } from '@dimp/foundation/schema';
import { ANYONE } from '@dimp/mkm';
import { expect, expectTypeOf, test } from 'vitest';
import { type ReceivedMessage, register } from '../src/index.ts';
import { newUser, type protocol } from './people.ts';

test('the messenger accepts and returns the contents of its protocol', async () => {
  const { messenger, facebook } = await newUser('moki', { algorithm: 'ECC' });
  const Secret = defineContent({ kind: 'secret', match: { type: '99' }, schema: object({}) });
  // @ts-expect-error this content type is not registered
  await expect(messenger.pack(Secret.create({}), ANYONE)).rejects.toMatchObject({
    code: 'unsupported/content',
  });
  // @ts-expect-error a text is no ID
  await expect(messenger.pack(Text.create({ text: 'x' }), 'bob')).rejects.toThrow();
  await expect(
    // @ts-expect-error this algorithm is not registered
    register('hulk', { facebook, algorithm: 'DSA' }),
  ).rejects.toMatchObject({ code: 'unsupported/algorithm' });

  type Received = ReceivedMessage<typeof protocol>['content'];
  expectTypeOf<Extract<Received, { kind: 'text' }>['body']['text']>().toEqualTypeOf<string>();
  expectTypeOf<'handshake'>().toExtend<Received['kind']>();
  expectTypeOf<'no such kind'>().not.toExtend<Received['kind']>();
});
