import { isWaiting } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { Text } from '@dimp/extensions/contents';
import { utf8Decode, utf8Encode } from '@dimp/foundation';
import { expect, test } from 'vitest';
import { KeyStore, Messenger } from '../src/index.ts';
import { introduce, newUser, packed, protocol } from './people.ts';

test('received message keys outlive the messenger, for messages that carry none', async () => {
  const moki = await newUser('moki', { algorithm: 'ECC' });
  const hulk = await newUser('hulk', { algorithm: 'ECC' });
  await introduce(moki, hulk);
  const store = memoryStore();
  const reader = (): Messenger<typeof protocol> =>
    new Messenger({ facebook: hulk.facebook, keyStore: new KeyStore({ protocol, store }) });
  const first = await packed(moki, Text.create({ text: 'one' }), hulk.user.id);
  const {
    key: _,
    keys: __,
    ...bare
  } = JSON.parse(utf8Decode(await packed(moki, Text.create({ text: 'two' }), hulk.user.id)));
  await expect(reader().unpack(JSON.stringify(bare))).rejects.toMatchObject({
    code: 'crypto/decrypt',
  });
  await reader().unpack(first);
  const second = await reader().unpack(JSON.stringify(bare));
  if (isWaiting(second)) expect.unreachable();
  expect(second.content.body).toEqual({ text: 'two' });
});

test('keys of our own are not stored: a copy of the store cannot make us reuse one', async () => {
  const moki = await newUser('moki', { algorithm: 'ECC' });
  const store = memoryStore();
  const keyStore = new KeyStore({ protocol, store });
  const key = await protocol.keys.generateSymmetric('AES');
  await keyStore.useSendingKey(moki.user.id, moki.user.id, key);
  for await (const [path] of store.list([])) expect.unreachable(path.join('/'));
});

test('a damaged record is reported', async () => {
  const moki = await newUser('moki', { algorithm: 'ECC' });
  const { id } = moki.user;
  const store = memoryStore();
  await store.set(['message-key', id.entity, id.entity], utf8Encode('[{"algorithm":"AES"}]'));
  const keyStore = new KeyStore({ protocol, store });
  await expect(keyStore.receivedKeys(id, id)).rejects.toMatchObject({ code: 'store/corrupt' });
});
