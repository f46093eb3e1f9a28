import type { Store } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import type { SymmetricKey } from '@dimp/crypto';
import { Text } from '@dimp/extensions/contents';
import { utf8Decode, utf8Encode } from '@dimp/foundation';
import { EVERYONE, type ID } from '@dimp/mkm';
import { manualClock } from '@dimp/testing/clock';
import { failingStore, pathsOf, tabs } from '@dimp/testing/stores';
import { describe, expect, test } from 'vitest';
import { createGroup, KeyStore } from '../src/index.ts';
import { introduce, newUser, Packer, protocol } from './people.ts';

test('received message keys outlive the messenger, for messages that carry none', async () => {
  const moki = await newUser('moki', { algorithm: 'ECC' });
  const hulk = await newUser('hulk', { algorithm: 'ECC' });
  await introduce(moki, hulk);
  const store = memoryStore();
  const reader = (): Packer => new Packer(hulk.facebook, new KeyStore({ protocol, store }));
  const first = await moki.packer.packed(Text.create({ text: 'one' }), hulk.user.id);
  const {
    key: _,
    keys: __,
    ...bare
  } = JSON.parse(utf8Decode(await moki.packer.packed(Text.create({ text: 'two' }), hulk.user.id)));
  await expect(reader().unpack(JSON.stringify(bare))).rejects.toMatchObject({
    code: 'crypto/decrypt',
  });
  await reader().unpack(first);
  const second = await reader().unpack(JSON.stringify(bare));
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

describe('what peers make up does not fill the store', () => {
  async function count(store: Store, area: string): Promise<number> {
    return (await pathsOf(store)).filter((path) => path.startsWith(`${area}/`)).length;
  }

  test('not for ever new groups of one sender, which displace no other sender', async () => {
    const { id } = (await newUser('moki', { algorithm: 'ECC' })).user;
    const store = memoryStore();
    const clock = manualClock();
    const make = (): KeyStore => new KeyStore({ protocol, store, clock });
    const key = await protocol.keys.generateSymmetric('AES');
    const friend = named('friend', id);
    await make().learnReceivedKey(friend, id, key);
    const keys = make();
    for (let n = 0; n < 80; n++) {
      clock.advance(1);
      await keys.learnReceivedKey(id, named(`group${n}`, id), key);
    }
    expect(await count(store, 'received-key')).toBe(65);
    expect(await make().receivedKeys(friend, id)).toHaveLength(1);
    expect(await make().receivedKeys(id, named('group79', id))).toHaveLength(1);
    expect(await make().receivedKeys(id, named('group0', id))).toHaveLength(0);
  });

  test('not ever new senders: the oldest directions go, those in use stay', async () => {
    const { id } = (await newUser('moki', { algorithm: 'ECC' })).user;
    const store = memoryStore();
    const clock = manualClock();
    const make = (): KeyStore => new KeyStore({ protocol, store, clock, maxDirections: 32 });
    const friend = named('friend', id);
    let keys = make();
    for (let n = 0; n < 200; n++) {
      clock.advance(1);
      await keys.learnReceivedKey(named(`s${n}`, id), id, await aes());
      // A peer that replaces its keys is one of the newest.
      if (n % 10 === 0) await keys.learnReceivedKey(friend, id, await aes());
      if (n === 100) keys = make();
      expect(await count(store, 'received-key')).toBeLessThanOrEqual(32);
    }
    expect(await count(store, 'received-key')).toBeGreaterThan(24);
    expect((await make().receivedKeys(friend, id)).length).toBeGreaterThan(0);
    expect(await make().receivedKeys(named('s199', id), id)).toHaveLength(1);
    expect(await make().receivedKeys(named('s0', id), id)).toEqual([]);
  });

  test('not our own answers to ever new people', async () => {
    const { id } = (await newUser('moki', { algorithm: 'ECC' })).user;
    const store = memoryStore();
    const clock = manualClock();
    const keys = new KeyStore({ protocol, store, clock, maxDirections: 32 });
    for (let n = 0; n < 100; n++) {
      clock.advance(1);
      await keys.useSendingKey(id, named(`s${n}`, id), await aes(), 'x');
      expect(await count(store, 'sending-key')).toBeLessThanOrEqual(32);
    }
    const again = new KeyStore({ protocol, store, clock });
    expect(await again.sendingKey(id, named('s99', id), 'x')).toBeDefined();
    expect(await again.sendingKey(id, named('s0', id), 'x')).toBeUndefined();
  });

  test('a damaged record is the first to go', async () => {
    const { id } = (await newUser('moki', { algorithm: 'ECC' })).user;
    const store = memoryStore();
    const clock = manualClock();
    await store.set(['received-key', id.entity, 'damaged'], utf8Encode('{'));
    const keys = new KeyStore({ protocol, store, clock, maxDirections: 2 });
    for (const name of ['a', 'b']) {
      clock.advance(1);
      await keys.learnReceivedKey(id, named(name, id), await aes());
    }
    expect(await pathsOf(store)).not.toContain(`received-key/${id.entity}/damaged`);
    expect(await keys.receivedKeys(id, named('b', id))).toHaveLength(1);
  });
});

describe('two tabs on one store', () => {
  test('a key that one has learned opens messages in the other, though that remembers an older one', async () => {
    const { id } = (await newUser('moki', { algorithm: 'ECC' })).user;
    const shared = tabs();
    const [one, two] = [1, 2].map(() => new KeyStore({ protocol, store: shared.open() }));
    if (!one || !two) expect.unreachable();
    const [old, fresh] = [await aes(), await aes()];
    await two.learnReceivedKey(id, id, old);
    await one.learnReceivedKey(id, id, fresh);
    const known = await two.receivedKeys(id, id);
    expect(known.map((key) => [key.equals(old), key.equals(fresh)])).toEqual([
      [false, true],
      [true, false],
    ]);
  });

  test('an own key that one tab has generated also serves the other', async () => {
    const { id } = (await newUser('moki', { algorithm: 'ECC' })).user;
    const shared = tabs();
    const [one, two] = [1, 2].map(() => new KeyStore({ protocol, store: shared.open() }));
    if (!one || !two) expect.unreachable();
    const key = await aes();
    await one.useSendingKey(id, id, key, 'x');
    expect((await two.sendingKey(id, id, 'x'))?.equals(key)).toBe(true);
    await one.rotate(id, id);
    expect(await one.sendingKey(id, id, 'x')).toBeUndefined();
  });
});

test('what rotates while a key is taken from the store is not used any more', async () => {
  const { id } = (await newUser('moki', { algorithm: 'ECC' })).user;
  const store = memoryStore();
  await new KeyStore({ protocol, store }).useSendingKey(id, id, await aes(), 'x');
  const [written, gate] = [signal(), signal()];
  const slow: Store = {
    capabilities: store.capabilities,
    get: (key) => store.get(key),
    list: (prefix) => store.list(prefix),
    set: (key, value) => store.set(key, value),
    delete: (key) => store.delete(key),
    batch: (changes) => store.batch(changes),
    async compareAndSet(...change) {
      const done = await store.compareAndSet(...change);
      written.give();
      await gate.given;
      return done;
    },
    async close() {},
    async [Symbol.asyncDispose]() {},
  };
  const keys = new KeyStore({ protocol, store: slow });
  const taking = keys.sendingKey(id, id, 'x');
  await written.given;
  await keys.rotate(id, id);
  gate.give();
  expect(await taking).toBeUndefined();
  expect(await keys.sendingKey(id, id, 'x')).toBeUndefined();
});

test('a write is not paid for each message', async () => {
  const { id } = (await newUser('moki', { algorithm: 'ECC' })).user;
  const store = failingStore(memoryStore(), 16);
  const keys = new KeyStore({ protocol, store });
  const key = await aes();
  await keys.useSendingKey(id, id, key, 'x');
  let uses = 1;
  while ((await keys.sendingKey(id, id, 'x')) !== undefined) uses += 1;
  expect(uses).toBe(1000);
  expect(store.left).toBe(0);
});

test('a member who joins or leaves is a reason for a new key, which a restart does not forget', async () => {
  const moki = await newUser('moki', { algorithm: 'ECC' });
  const hulk = await newUser('hulk', { algorithm: 'ECC' });
  const tony = await newUser('tony', { algorithm: 'ECC' });
  await introduce(moki, hulk, tony);
  const { facebook, user } = moki;
  const { id: group } = await createGroup('team', {
    facebook,
    founder: user.id,
    members: [hulk.user.id],
  });
  const store = memoryStore();
  /** Sends in a new life of the program. @returns the message key in use after it */
  const send = async (): Promise<unknown> => {
    const packer = new Packer(facebook, new KeyStore({ protocol, store }));
    await packer.pack(Text.create({ text: 'x' }), group);
    const bytes = await store.get(['sending-key', user.id.entity, group.entity]);
    if (bytes === undefined) expect.unreachable();
    return JSON.parse(utf8Decode(bytes)).key;
  };
  const first = await send();
  expect(await send()).toEqual(first);
  await facebook.saveMembers(group, [user.id, hulk.user.id, tony.user.id]);
  const joined = await send();
  expect(joined).not.toEqual(first);
  await facebook.saveMembers(group, [user.id, tony.user.id]);
  const left = await send();
  expect([first, joined]).not.toContainEqual(left);
  // In another order they are the same people.
  await facebook.saveMembers(group, [tony.user.id, user.id]);
  expect(await send()).toEqual(left);
});

test('keys that keep no secret are neither taken nor believed', async () => {
  const { id } = (await newUser('moki', { algorithm: 'ECC' })).user;
  const store = memoryStore();
  const plain = protocol.keys.parseSymmetric({ algorithm: 'PLAIN' });
  const keys = new KeyStore({ protocol, store });
  await expect(keys.useSendingKey(id, id, plain, 'x')).rejects.toThrow(TypeError);
  await expect(keys.learnReceivedKey(id, id, plain)).rejects.toThrow(TypeError);
  expect(await pathsOf(store)).toEqual([]);
});

const PLAIN = '{"algorithm":"PLAIN"}';
const AES = '{"algorithm":"AES","data":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}';

test.each([
  ['received-key', '{"created":1,"keys":[{"algorithm":"AES"}]}'],
  ['received-key', `{"created":1,"keys":[${PLAIN}]}`],
  ['received-key', `{"created":"1","keys":[${AES}]}`],
  ['received-key', '{"created":1,"keys":{}}'],
  ['received-key', '[]'],
  ['received-key', '{"created":1}'],
  ['sending-key', '{"key":{"algorithm":"AES"},"created":1,"uses":1,"holders":"x"}'],
  ['sending-key', `{"key":${PLAIN},"created":1,"uses":1,"holders":"x"}`],
  ['sending-key', `{"key":${AES},"created":"1","uses":1,"holders":"x"}`],
  ['sending-key', `{"key":${AES},"created":1,"uses":-1000000,"holders":"x"}`],
  ['sending-key', `{"key":${AES},"created":1,"uses":0.5,"holders":"x"}`],
  ['sending-key', `{"key":${AES},"created":1,"uses":1,"holders":["x"]}`],
  ['sending-key', '{"created":1,"uses":1,"holders":"x"}'],
  ['sending-key', '{'],
])('a damaged %s record is reported: %s', async (area, text) => {
  const { id } = (await newUser('moki', { algorithm: 'ECC' })).user;
  const store = memoryStore();
  await store.set([area, id.entity, id.entity], utf8Encode(text));
  const keys = new KeyStore({ protocol, store, clock: manualClock(2) });
  const read = async () =>
    area === 'sending-key' ? keys.sendingKey(id, id, 'x') : keys.receivedKeys(id, id);
  await expect(read()).rejects.toMatchObject({
    code: 'store/corrupt',
    details: { what: 'message key' },
  });
  // That the records are right but for what is wrong with them: or nothing is proven.
  const good = { created: 1, uses: 1, holders: 'x', key: JSON.parse(AES), keys: [JSON.parse(AES)] };
  await store.set([area, id.entity, id.entity], utf8Encode(JSON.stringify(good)));
  expect(await read()).toBeDefined();
});

test('rotating gets rid of a damaged key of our own', async () => {
  const { id } = (await newUser('moki', { algorithm: 'ECC' })).user;
  const store = memoryStore();
  await store.set(['sending-key', id.entity, id.entity], utf8Encode('{'));
  const keys = new KeyStore({ protocol, store });
  await keys.rotate(id, id);
  expect(await keys.sendingKey(id, id, 'x')).toBeUndefined();
});

function aes(): Promise<SymmetricKey> {
  return protocol.keys.generateSymmetric('AES');
}

function signal(): { readonly given: Promise<void>; give(): void } {
  let give = (): void => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give: () => give() };
}

/** An ID beside another one. */
function named(name: string, { address }: ID): ID {
  return protocol.parseID(`${name}@${address.text}`);
}
