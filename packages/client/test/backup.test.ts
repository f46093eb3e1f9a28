import { memoryStore } from '@dimp/core/memory';
import type { Signer } from '@dimp/crypto';
import { Text } from '@dimp/extensions/contents';
import { utf8Encode } from '@dimp/foundation';
import { sealWithPassphrase } from '@dimp/store-encrypted/secrets';
import { expect, test } from 'vitest';
import { exportIdentity, importIdentity } from '../src/backup.ts';
import { Facebook, Messenger, register } from '../src/index.ts';
import { introduce, newUser, packed, protocol } from './people.ts';

const work = { N: 1024, r: 8, p: 1 };

test('an identity moves to another machine with keys, documents and contacts', async () => {
  const moki = await newUser('moki', { algorithm: 'ECC', origin: { words: 'some' } });
  const hulk = await newUser('hulk', { algorithm: 'ECC' });
  await introduce(moki, hulk);
  await moki.facebook.addContact(moki.user.id, hulk.user.id, { remark: 'green' });
  const file = await exportIdentity(moki.facebook, moki.user.id, 'pass', { work });
  const before = await packed(hulk, Text.create({ text: 'hello' }), moki.user.id);

  const facebook = new Facebook({ protocol, store: memoryStore() });
  for (let twice = 0; twice < 2; twice++) {
    const user = await importIdentity(facebook, file, 'pass');
    expect(user.id.text).toBe(moki.user.id.text);
  }
  expect((await facebook.localUsers()).length).toBe(1);
  expect(await facebook.contact(moki.user.id, hulk.user.id)).toMatchObject({ remark: 'green' });
  // The sender believes that we have their meta and visa, and will not send them again.
  expect((await facebook.meta(hulk.user.id))?.wire).toEqual((await hulk.user.meta())?.wire);
  expect(await facebook.document(hulk.user.id)).toEqual(await hulk.user.visa());
  expect(await facebook.identityOrigin(moki.user.id)).toEqual({ words: 'some' });
  expect(await new Messenger({ facebook }).unpack(before)).toMatchObject({
    content: { body: { text: 'hello' } },
  });
});

test('the file shows nothing, and needs its passphrase', async () => {
  const { facebook, user } = await newUser('moki', { algorithm: 'ECC' });
  const file = await exportIdentity(facebook, user.id, 'pass', { work });
  const text = Array.from(file, (byte) => String.fromCharCode(byte)).join('');
  expect(text).not.toContain('moki');
  const other = new Facebook({ protocol, store: memoryStore() });
  await expect(importIdentity(other, file, 'Pass')).rejects.toMatchObject({
    code: 'crypto/passphrase',
  });
  await expect(importIdentity(other, utf8Encode('hello'), 'pass')).rejects.toMatchObject({
    code: 'format/bytes',
  });
  expect(await other.localUsers()).toEqual([]);
});

test('keys that do not belong to the ID are refused, and nothing is written', async () => {
  const moki = await newUser('moki', { algorithm: 'ECC' });
  const mallory = await newUser('mallory', { algorithm: 'ECC' });
  const meta = (await moki.user.meta())?.wire;
  const signer = (await mallory.facebook.requireSigner(mallory.user.id)) as unknown as {
    toWire(): object;
  };
  const content = {
    version: 1,
    id: moki.user.id.text,
    identityKey: signer.toWire(),
    messageKeys: [],
    meta,
    documents: [],
    contacts: [],
  };
  const store = memoryStore();
  const facebook = new Facebook({ protocol, store });
  const seal = (value: object) =>
    sealWithPassphrase(utf8Encode(JSON.stringify(value)), 'p', { work });
  await expect(importIdentity(facebook, await seal(content), 'p')).rejects.toMatchObject({
    code: 'identity/meta-mismatch',
  });
  for (const [changed, code] of [
    [{ ...content, version: 2 }, 'format/field'],
    [{ ...content, contacts: 'x' }, 'format/field'],
    [{ ...content, contacts: [1] }, 'format/field'],
    [{ ...content, contacts: [{ id: moki.user.id.text, documents: 1 }] }, 'format/field'],
    [{ ...content, id: 7 }, 'format/field'],
    [[], 'format/json'],
  ] as const) {
    await expect(importIdentity(facebook, await seal(changed), 'p')).rejects.toMatchObject({
      code,
    });
  }
  for await (const [key] of store.list([])) expect.unreachable(key.join('/'));
});

test('an ID without a user here, and keys that cannot be read, are not exported', async () => {
  const moki = await newUser('moki', { algorithm: 'ECC' });
  const { facebook, user } = await newUser('hulk', { algorithm: 'ECC' });
  await expect(exportIdentity(facebook, moki.user.id, 'p', { work })).rejects.toMatchObject({
    code: 'identity/not-found',
  });
  const inner = await facebook.requireSigner(user.id);
  const remote: Signer = {
    algorithm: inner.algorithm,
    publicKey: inner.publicKey,
    sign: (data) => inner.sign(data),
  };
  const away = await register('away', { facebook, signer: remote });
  await expect(exportIdentity(facebook, away.id, 'p', { work })).rejects.toMatchObject({
    code: 'crypto/unavailable',
  });
});
