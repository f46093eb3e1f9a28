import type { SymmetricKey } from '@dimp/crypto';
import { expect, test } from 'vitest';
import { KeyCache } from '../src/index.ts';
import { id } from './ids.ts';

function key(name: string): SymmetricKey {
  return {
    algorithm: name,
    encrypt: (plaintext) => ({ ciphertext: plaintext, extra: {} }),
    decrypt: (ciphertext) => ciphertext,
    equals: (other) => other.algorithm === name,
    toWire: () => ({ algorithm: name }),
  };
}

const HOLDERS = 'u2';
const [me, peer, group, all] = [id('u1'), id('u2'), id('g1'), id('everyone@everywhere')];

test('keys of our own and received ones never mix', async () => {
  const cache = new KeyCache();
  await cache.learnReceivedKey(me, peer, key('forged'));
  expect(await cache.sendingKey(me, peer, HOLDERS)).toBeUndefined();
  await cache.useSendingKey(me, peer, key('own'), HOLDERS);
  await cache.learnReceivedKey(me, peer, key('forged'));
  expect((await cache.sendingKey(me, peer, HOLDERS))?.algorithm).toBe('own');
});

test('a key serves one direction only', async () => {
  const cache = new KeyCache();
  await cache.learnReceivedKey(peer, me, key('personal'));
  await cache.learnReceivedKey(peer, group, key('group'));
  const names = async (...direction: [typeof me, typeof me]) =>
    (await cache.receivedKeys(...direction)).map((each) => each.algorithm);
  expect(await names(peer, me)).toEqual(['personal']);
  expect(await names(peer, group)).toEqual(['group']);
  expect(await names(me, peer)).toEqual([]);
});

test('nothing is remembered for broadcasts', async () => {
  const cache = new KeyCache();
  await cache.learnReceivedKey(peer, all, key('plain'));
  expect(await cache.receivedKeys(peer, all)).toEqual([]);
  expect(() => cache.useSendingKey(me, all, key('plain'), HOLDERS)).toThrow(TypeError);
});

test('a key is replaced after the allowed number of messages', async () => {
  const cache = new KeyCache({ rotation: { maxMessages: 3, maxAge: 1000 } });
  await cache.useSendingKey(me, peer, key('own'), HOLDERS);
  expect(await cache.sendingKey(me, peer, HOLDERS)).toBeDefined();
  expect(await cache.sendingKey(me, peer, HOLDERS)).toBeDefined();
  expect(await cache.sendingKey(me, peer, HOLDERS)).toBeUndefined();
});

test('a key is replaced when it is too old, and when the clock was set back', async () => {
  let now = 5000;
  const cache = new KeyCache({
    clock: { now: () => now },
    rotation: { maxMessages: 100, maxAge: 1000 },
  });
  await cache.useSendingKey(me, peer, key('own'), HOLDERS);
  now = 5999;
  expect(await cache.sendingKey(me, peer, HOLDERS)).toBeDefined();
  now = 6000;
  expect(await cache.sendingKey(me, peer, HOLDERS)).toBeUndefined();
  now = 4000;
  expect(await cache.sendingKey(me, peer, HOLDERS)).toBeUndefined();
});

test('the newest received key comes first, and only a few are kept', async () => {
  const cache = new KeyCache();
  for (const name of ['1', '2', '3', '4', '5', '3']) {
    await cache.learnReceivedKey(peer, me, key(name));
  }
  const kept = await cache.receivedKeys(peer, me);
  expect(kept.map((each) => each.algorithm)).toEqual(['3', '5', '4', '2']);
});

test('rotate and memory pressure let the next message have a new key', async () => {
  const cache = new KeyCache();
  await cache.useSendingKey(me, peer, key('own'), HOLDERS);
  await cache.rotate(me, peer);
  expect(await cache.sendingKey(me, peer, HOLDERS)).toBeUndefined();
  for (let n = 0; n < 10; n++) await cache.useSendingKey(me, id(`u${n + 10}`), key('own'), HOLDERS);
  cache.reduceMemory();
  expect(await cache.sendingKey(me, id('u10'), HOLDERS)).toBeUndefined();
  expect(await cache.sendingKey(me, id('u19'), HOLDERS)).toBeDefined();
});

test('what was not used since the last time can be forgotten, and nothing else', async () => {
  const cache = new KeyCache();
  for (const each of ['u10', 'u11']) await cache.learnReceivedKey(id(each), me, key(each));
  cache.reduceMemory('unused');
  expect(await cache.receivedKeys(id('u11'), me)).toHaveLength(1);
  cache.reduceMemory('unused');
  expect(await cache.receivedKeys(id('u10'), me)).toEqual([]);
  expect(await cache.receivedKeys(id('u11'), me)).toHaveLength(1);
});

test('other receivers get another key', async () => {
  const cache = new KeyCache();
  await cache.useSendingKey(me, group, key('own'), 'u1 u2');
  expect(await cache.sendingKey(me, group, 'u1 u2')).toBeDefined();
  for (const holders of ['u1', 'u1 u2 u3', '']) {
    expect(await cache.sendingKey(me, group, holders)).toBeUndefined();
  }
});
