import { isWaiting } from '@dimp/core';
import type { DecryptKey } from '@dimp/crypto';
import { Text } from '@dimp/extensions/contents';
import { ownMember, parseJsonObject } from '@dimp/foundation';
import { describe, expect, test } from 'vitest';
import { Messenger } from '../src/index.ts';
import { introduce, newUser, type Person, packed } from './people.ts';

/** The message keys of a person, counting how often one of them is used. */
async function counted(person: Person): Promise<{ decryptions: number }> {
  const counter = { decryptions: 0 };
  const identity = await person.facebook.localIdentity(person.user.id);
  if (identity === undefined) expect.unreachable();
  const keys = identity.decryptKeys.map(
    (key): DecryptKey => ({
      algorithm: key.algorithm,
      publicKey: key.publicKey,
      decrypt(ciphertext) {
        counter.decryptions += 1;
        return key.decrypt(ciphertext);
      },
    }),
  );
  await person.facebook.savePrivateKeys(person.user.id, identity.signer, keys);
  return counter;
}

async function read(person: Person, bytes: Uint8Array): Promise<unknown> {
  const message = await person.messenger.unpack(bytes);
  if (isWaiting(message)) expect.unreachable();
  return message.content.body;
}

/** Two users who know each other; the ECC identity key cannot decrypt, so only the visa key does. */
async function pair() {
  const moki = await newUser('moki', { algorithm: 'ECC' });
  const hulk = await newUser('hulk', { algorithm: 'ECC' });
  await introduce(moki, hulk);
  return { moki, hulk, counter: await counted(hulk) };
}

describe('the private operation of the receiver', () => {
  test('is paid by the first message of a key and by no following one', async () => {
    const { moki, hulk, counter } = await pair();
    for (let i = 0; i < 5; i++) {
      const text = `message ${i}`;
      const bytes = await packed(moki, Text.create({ text }), hulk.user.id);
      // Each message carries its key, so that none depends on one that got lost.
      expect(ownMember(parseJsonObject(bytes), 'key')).toBeTypeOf('string');
      expect(await read(hulk, bytes)).toEqual({ text });
      expect(counter.decryptions).toBe(1);
    }
  });

  test('is paid again for a new key, and not for an old one after it', async () => {
    const { moki, hulk, counter } = await pair();
    const old = await packed(moki, Text.create({ text: 'old key' }), hulk.user.id);
    await read(hulk, old);
    await moki.messenger.transceiver.keyCache.rotate(moki.user.id, hulk.user.id);
    await read(hulk, await packed(moki, Text.create({ text: 'new key' }), hulk.user.id));
    expect(counter.decryptions).toBe(2);
    await read(hulk, old);
    expect(counter.decryptions).toBe(2);
  });

  test('is paid once for each key when two are in use at the same time', async () => {
    const { moki, hulk, counter } = await pair();
    const first = await packed(moki, Text.create({ text: 'one' }), hulk.user.id);
    const other = new Messenger({ facebook: moki.facebook });
    const second = await packed(
      { ...moki, messenger: other },
      Text.create({ text: 'two' }),
      hulk.user.id,
    );
    await read(hulk, first);
    await read(hulk, second);
    // Messengers share no message keys, so these are two.
    for (const bytes of [first, second, first]) await read(hulk, bytes);
    expect(counter.decryptions).toBe(2);
  });

  test('is not paid for a message whose signature is wrong', async () => {
    const { moki, hulk, counter } = await pair();
    const wire = parseJsonObject(await packed(moki, Text.create({ text: 'x' }), hulk.user.id));
    const forged = JSON.stringify({ ...wire, data: 'AAAAAAAAAAAAAAAAAAAAAA==' });
    await expect(hulk.messenger.unpack(forged)).rejects.toMatchObject({ code: 'crypto/signature' });
    expect(counter.decryptions).toBe(0);
  });
});

test('a key is wrapped once for a receiver: following messages carry the same bytes', async () => {
  const { moki, hulk } = await pair();
  const keys = new Set<unknown>();
  for (let i = 0; i < 3; i++) {
    const bytes = await packed(moki, Text.create({ text: 'x' }), hulk.user.id);
    keys.add(ownMember(parseJsonObject(bytes), 'key'));
  }
  expect(keys.size).toBe(1);
});
