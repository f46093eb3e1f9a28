import { createProtocol, defineExtension } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import type { Signer } from '@dimp/crypto';
import { Text } from '@dimp/extensions/contents';
import { standard } from '@dimp/extensions/standard';
import type { JsonObject } from '@dimp/foundation';
import { encodeTed, stringifyJson, utf8Encode } from '@dimp/foundation';
import { EVERYONE, type ID, signDocument } from '@dimp/mkm';
import { describe, expect, test, vi } from 'vitest';
import { createGroup, Facebook, register } from '../src/index.ts';
import { newUser, Packer, type Person, protocol } from './people.ts';

const fast = { algorithm: 'ECC', metaType: '4' } as const;

/** A document of exactly these properties, signed, however wrong they are. */
async function rawDocument(
  did: ID,
  signer: Signer,
  properties: JsonObject,
  more: JsonObject = {},
): Promise<JsonObject> {
  const data = stringifyJson(properties);
  const signature = encodeTed(await signer.sign(utf8Encode(data)));
  return { did: did.text, type: 'visa', data, signature, ...more };
}

async function signerOf({ facebook, user }: Person): Promise<Signer> {
  return facebook.requireSigner(user.id);
}

/** A device that knows only the meta and the visa of a user. */
async function readerOf({ user }: Person): Promise<Facebook<typeof protocol>> {
  const reader = new Facebook({ protocol, store: memoryStore() });
  const [meta, visa] = [await user.meta(), await user.visa()];
  if (!meta || !visa) expect.unreachable();
  await reader.saveMeta(meta, user.id);
  await reader.saveDocument(visa, user.id);
  return reader;
}

describe('a document that a stranger sends (§7.5)', () => {
  const invalid = 'identity/document-invalid';

  test.each<[what: string, code: string, properties: JsonObject, more: JsonObject]>([
    ['has no time', invalid, { key: {} }, {}],
    ['has a time that is none', invalid, { key: {}, time: 'x' }, {}],
    ['lies in the future', invalid, { key: {}, time: Date.now() / 1000 + 1900 }, {}],
    ['is of a kind that fits no user', invalid, { time: 'AHEAD' }, { type: 'bulletin' }],
    ['is of an unknown kind', 'unsupported/document', { time: 'AHEAD' }, { type: 'x' }],
    ['contradicts its own kind', invalid, { type: 'profile', time: 'AHEAD' }, {}],
    ['is the content of a message', invalid, { sn: 1, type: 1, time: 'AHEAD' }, {}],
    ['is a command', invalid, { command: 'x', time: 'AHEAD' }, {}],
    ['takes its owner’s key away', invalid, { name: 'x', time: 'AHEAD' }, {}],
    ['names another user', invalid, { key: {}, time: 'AHEAD' }, { did: 'OTHER' }],
    ['contradicts itself whom it is of', 'format/field', { time: 'AHEAD' }, { ID: 'OTHER' }],
    ['is not signed', 'format/field', { time: 'AHEAD' }, { signature: null }],
    ['has properties that are none', invalid, {}, { data: '[]' }],
    ['is too large', 'format/limit', { key: {}, time: 'AHEAD', x: 'x'.repeat(65_536) }, {}],
  ])('is refused if it %s', async (_, code, properties, more) => {
    const moki = await newUser('moki', fast);
    const { user: other } = await newUser('hulk', fast);
    const reader = await readerOf(moki);
    const ahead = Date.now() / 1000 + 60;
    const filled = JSON.parse(JSON.stringify(properties).replace('"AHEAD"', String(ahead)));
    const fields = JSON.parse(JSON.stringify(more).replace('OTHER', other.id.text));
    const saved: unknown[] = [];
    reader.events.on('documentSaved', (event) => saved.push(event));
    const document = await rawDocument(moki.user.id, await signerOf(moki), filled, fields);
    await expect(reader.saveDocument(document, moki.user.id)).rejects.toMatchObject({ code });
    expect(saved).toEqual([]);
    expect((await reader.documents(moki.user.id)).map(({ data }) => data)).toEqual([
      (await moki.user.visa())?.data,
    ]);
  });

  test('is not judged before its signer’s meta is known, and kept after', async () => {
    const moki = await newUser('moki', fast);
    const reader = new Facebook({ protocol, store: memoryStore() });
    const [meta, visa] = [await moki.user.meta(), await moki.user.visa()];
    if (!meta || !visa) expect.unreachable();
    await expect(reader.saveDocument(visa.wire, moki.user.id)).rejects.toMatchObject({
      code: 'identity/not-found',
    });
    await reader.saveMeta(meta.wire, moki.user.id);
    const saved: unknown[] = [];
    reader.events.on('documentSaved', ({ id, document }) => saved.push([id.text, document?.data]));
    expect(await reader.saveDocument(visa.wire, moki.user.id)).toBe('saved');
    expect(await reader.saveDocument(visa.wire, moki.user.id)).toBe('known');
    reader.reduceMemory();
    expect(await reader.saveDocument(visa.wire, moki.user.id)).toBe('known');
    expect(saved).toEqual([[moki.user.id.text, visa.data]]);
  });

  test('and is unchanged is not verified again, one with another signature is', async () => {
    const moki = await newUser('moki', fast);
    const reader = await readerOf(moki);
    const { id } = moki.user;
    const [meta, visa] = [await reader.meta(id), await moki.user.visa()];
    if (!meta || !visa) expect.unreachable();
    const verify = vi.spyOn(meta.key, 'verify');
    for (let count = 0; count < 5; count++) {
      expect(await reader.saveDocument(visa.wire, id)).toBe('known');
      expect(await reader.saveMeta(meta.wire, id)).toBe('known');
    }
    expect(verify).not.toHaveBeenCalled();
    const signature = encodeTed(visa.signature.map((byte, i) => (i === 9 ? byte ^ 1 : byte)));
    await expect(reader.saveDocument({ ...visa.wire, signature }, id)).rejects.toMatchObject({
      code: 'identity/document-invalid',
    });
    expect(verify).toHaveBeenCalledTimes(1);
  });

  test('with a key that is too large to be computed with is kept, and nothing is encrypted for it', async () => {
    const moki = await newUser('moki', fast);
    const { facebook, user } = moki;
    const reader = await readerOf(moki);
    const key = await reader.encryptKey(user.id);
    const number = (length: number) => {
      const bytes = new Uint8Array(length).fill(0xff);
      return [0x02, 0x82, length >> 8, length & 0xff, ...bytes];
    };
    const numbers = [...number(1025).fill(0, 4, 5), ...number(5).fill(0, 4, 5)];
    const der = Uint8Array.from([
      0x30,
      0x82,
      numbers.length >> 8,
      numbers.length & 0xff,
      ...numbers,
    ]);
    const data = encodeTed(der);
    const time = Date.now() / 1000 + 60;
    const properties = { name: 'x', time, key: { algorithm: 'RSA', data } };
    const visa = await rawDocument(user.id, await facebook.requireSigner(user.id), properties);
    expect(await reader.saveDocument(visa, user.id)).toBe('saved');
    expect((await reader.document(user.id))?.time).toBe(time);
    expect(await reader.encryptKey(user.id)).not.toBe(key);
    expect(await reader.encryptKey(user.id)).toBeUndefined();
  });

  test('under another terminal does not bring an old key back', async () => {
    const moki = await newUser('moki', fast);
    const reader = await readerOf(moki);
    const old = await moki.user.visa();
    if (!old) expect.unreachable();
    const visa = await moki.facebook.rotateMessageKey(moki.user.id);
    await reader.saveDocument(visa, moki.user.id);
    const key = await reader.encryptKey(moki.user.id);
    for (const terminal of ['x', 'y', 'z']) {
      await reader.saveDocument({ ...old.wire, terminal }, moki.user.id);
      expect(await reader.encryptKey(moki.user.id)).toEqual(key);
      expect((await reader.document(moki.user.id))?.data).toBe(visa.data);
    }
  });

  test('of an application does not displace the visa, and no message is encrypted for its key', async () => {
    const card = { type: 'com.example/card', subject: 'any' } as const;
    const own = createProtocol(standard(), defineExtension({ name: 'card', documents: [card] }));
    const facebook = new Facebook({ protocol: own, store: memoryStore() });
    const user = await register('moki', { facebook, ...fast, messageAlgorithm: 'RSA' });
    const [visa, key] = [await user.visa(), await user.encryptKey()];
    const signer = await facebook.requireSigner(user.id);
    const { publicKey } = await own.keys.generate('RSA', { bits: 1024 });
    const properties = { name: 'a card', key: publicKey.toWire() };
    for (let n = 1; n <= 20; n++) {
      const now = Date.now() / 1000 + n;
      const terminal = `device ${n}`;
      const request = { did: user.id, type: card.type, properties, now, terminal };
      await facebook.saveDocument(await signDocument(request, signer), user.id);
      expect((await user.visa())?.data).toBe(visa?.data);
      expect((await facebook.document(user.id))?.data).toBe(visa?.data);
      expect(await user.encryptKey()).toEqual(key);
    }
    expect(await user.displayName()).toBe('moki');
    const packer = new Packer(facebook);
    const message = await packer.pack(Text.create({ text: 'x' }), EVERYONE, {
      attachVisa: true,
    });
    expect(message.visa).toMatchObject({ type: 'visa' });
  });

  test('of a group is refused if its signer does not own the group', async () => {
    const moki = await newUser('moki', fast);
    const hulk = await newUser('hulk', fast);
    const { facebook, user } = moki;
    const { id } = await createGroup('team', {
      facebook,
      founder: user.id,
      members: [hulk.user.id],
    });
    const meta = await hulk.user.meta();
    if (!meta) expect.unreachable();
    await facebook.saveMeta(meta, hulk.user.id);
    const now = Date.now() / 1000 + 60;
    const sign = async (person: Person) =>
      signDocument({ did: id, type: 'bulletin', properties: {}, now }, await signerOf(person));
    await expect(facebook.saveDocument(await sign(hulk), id)).rejects.toMatchObject({
      code: 'identity/document-invalid',
    });
    expect(await facebook.saveDocument(await sign(moki), id)).toBe('saved');
  });
});

describe('a meta that a stranger sends', () => {
  test('is told of after it was stored, once, and refused if it is too large', async () => {
    const moki = await newUser('moki', fast);
    const meta = await moki.user.meta();
    if (!meta) expect.unreachable();
    const store = memoryStore();
    const reader = new Facebook({ protocol, store });
    const heard: unknown[] = [];
    reader.events.on('metaSaved', ({ id }) => {
      heard.push([id.text, store.get(['meta', id.entity]) !== undefined]);
    });
    const large = { ...meta.wire, x: 'x'.repeat(65_536) };
    await expect(reader.saveMeta(large, moki.user.id)).rejects.toMatchObject({
      code: 'format/limit',
    });
    expect(heard).toEqual([]);
    await reader.saveMeta(meta.wire, moki.user.id);
    await reader.saveMeta(meta.wire, moki.user.id);
    expect(heard).toEqual([[moki.user.id.text, true]]);
  });
});
