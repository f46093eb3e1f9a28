import { isWaiting } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { Text } from '@dimp/extensions/contents';
import { utf8Decode, utf8Encode } from '@dimp/foundation';
import { EVERYONE } from '@dimp/mkm';
import { manualClock } from '@dimp/testing/clock';
import { describe, expect, test } from 'vitest';
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

describe('keys of our own', () => {
  const other = 'somebody else';

  test('go on after a restart, until they have served often enough', async () => {
    const { id } = (await newUser('moki', { algorithm: 'ECC' })).user;
    const store = memoryStore();
    const rotation = { maxMessages: 130, maxAge: 1000 };
    const life = (): KeyStore =>
      new KeyStore({ protocol, store, rotation, clock: manualClock(5000) });
    const key = await protocol.keys.generateSymmetric('AES');
    let keys = life();
    await keys.useSendingKey(id, id, key, id.entity);
    let uses = 1;
    // Every life takes 64 uses from the store at once, so that it need not write for each message.
    for (let restarts = 0; restarts < 2; restarts++) {
      keys = life();
      expect((await keys.sendingKey(id, id, id.entity))?.equals(key)).toBe(true);
      uses += 1;
    }
    while ((await keys.sendingKey(id, id, id.entity)) !== undefined) uses += 1;
    expect(uses).toBeLessThanOrEqual(130);
    expect(await life().sendingKey(id, id, id.entity)).toBeUndefined();
  });

  test('are replaced when they are old, when the clock was set back, and for other receivers', async () => {
    const { id } = (await newUser('moki', { algorithm: 'ECC' })).user;
    const clock = manualClock(50_000);
    const keys = new KeyStore({
      protocol,
      store: memoryStore(),
      clock,
      rotation: { maxMessages: 1000, maxAge: 1000 },
    });
    const key = await protocol.keys.generateSymmetric('AES');
    await keys.useSendingKey(id, id, key, id.entity);
    expect(await keys.sendingKey(id, id, other)).toBeUndefined();
    clock.advance(999);
    expect(await keys.sendingKey(id, id, id.entity)).toBeDefined();
    clock.advance(1);
    expect(await keys.sendingKey(id, id, id.entity)).toBeUndefined();
    clock.advance(-2000);
    expect(await keys.sendingKey(id, id, id.entity)).toBeUndefined();
    clock.advance(1001);
    expect(await keys.sendingKey(id, id, id.entity)).toBeDefined();
    await keys.rotate(id, id);
    expect(await keys.sendingKey(id, id, id.entity)).toBeUndefined();
  });

  test('two tabs on one store together never use one too often', async () => {
    const { id } = (await newUser('moki', { algorithm: 'ECC' })).user;
    const store = memoryStore();
    const rotation = { maxMessages: 200, maxAge: 100_000 };
    const tabs = [1, 2].map(() => new KeyStore({ protocol, store, rotation }));
    const key = await protocol.keys.generateSymmetric('AES');
    await tabs[0]?.useSendingKey(id, id, key, id.entity);
    let uses = 1;
    for (let round = 0; round < 300; round++) {
      const used = await Promise.all(tabs.map((tab) => tab.sendingKey(id, id, id.entity)));
      uses += used.filter((each) => each?.equals(key)).length;
    }
    expect(uses).toBeGreaterThan(64);
    expect(uses).toBeLessThanOrEqual(200);
  });

  test('never come from the network, and are never made for a broadcast', async () => {
    const { id } = (await newUser('moki', { algorithm: 'ECC' })).user;
    const keys = new KeyStore({ protocol, store: memoryStore() });
    const key = await protocol.keys.generateSymmetric('AES');
    await keys.learnReceivedKey(id, id, key);
    expect(await keys.sendingKey(id, id, id.entity)).toBeUndefined();
    await expect(keys.useSendingKey(id, EVERYONE, key, '')).rejects.toThrow(TypeError);
  });
});

test('a sender with ever new groups does not fill the store', async () => {
  const { id } = (await newUser('moki', { algorithm: 'ECC' })).user;
  const store = memoryStore();
  const keys = new KeyStore({ protocol, store });
  const key = await protocol.keys.generateSymmetric('AES');
  for (let n = 0; n < 80; n++) {
    await keys.learnReceivedKey(id, protocol.parseID(`group${n}@${id.address.text}`), key);
  }
  let records = 0;
  for await (const _ of store.list(['received-key'])) records += 1;
  expect(records).toBe(64);
});

test.each([
  ['received-key', '{"learned":1,"keys":[{"algorithm":"AES"}]}'],
  ['received-key', '[]'],
  ['received-key', '{"learned":1}'],
  ['sending-key', '{"key":{"algorithm":"AES"},"created":1,"uses":1,"holders":"x"}'],
  ['sending-key', '{"created":"1","uses":1,"holders":"x"}'],
  ['sending-key', '{'],
])('a damaged %s record is reported: %s', async (area, text) => {
  const { id } = (await newUser('moki', { algorithm: 'ECC' })).user;
  const store = memoryStore();
  await store.set([area, id.entity, id.entity], utf8Encode(text));
  const keys = new KeyStore({ protocol, store, clock: manualClock(2) });
  const read = area === 'sending-key' ? keys.sendingKey(id, id, 'x') : keys.receivedKeys(id, id);
  await expect(read).rejects.toMatchObject({ code: 'store/corrupt' });
});
