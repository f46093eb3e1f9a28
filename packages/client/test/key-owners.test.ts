import { pairFingerprint } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { StoredKeyOwners } from '@dimp/endpoint';
import { decodeBase64, encodeBase64, type JsonObject } from '@dimp/foundation';
import { pathsOf } from '@dimp/testing/stores';
import { describe, expect, test } from 'vitest';
import { exportIdentity, importIdentity } from '../src/backup.ts';
import { Facebook } from '../src/index.ts';
import { bytesOf, oldKey, oldMessage } from './old-peer.ts';
import { protocol } from './people.ts';
import { acquaint, type Client, World } from './world.ts';

async function three() {
  const world = new World();
  const [moki, hulk, eve] = [
    await world.join('moki'),
    await world.join('hulk'),
    await world.join('eve'),
  ];
  await acquaint(moki, hulk, eve);
  return { world, moki, hulk, eve };
}

async function captured(world: World, moki: Client, hulk: Client, key: JsonObject, n: number) {
  const time = Math.floor(world.time.now() / 1000);
  const content = `{"type":1,"sn":${1_000_000_000 + n},"time":${time},"text":"secret ${n}"}`;
  return oldMessage(moki, hulk, { text: content, time, key });
}

/** The same ciphertext under the same wrapped key, signed by another user. */
async function stolen(thief: Client, wire: JsonObject): Promise<JsonObject> {
  const signer = await thief.facebook.requireSigner(thief.id);
  const signature = await signer.sign(decodeBase64(String(wire['data'])));
  return { ...wire, sender: thief.id.text, signature: encodeBase64(signature) };
}

describe('whose a message key is', () => {
  test('is remembered over restarts: no other peer can send its ciphertext as their own', async () => {
    const { world, moki, hulk, eve } = await three();
    const key = oldKey();
    await world.deliver(bytesOf(await captured(world, moki, hulk, key, 1)), hulk);
    await world.restart(hulk);
    const next = await captured(world, moki, hulk, key, 2);
    await world.deliver(bytesOf(await stolen(eve, next)), hulk);
    expect(hulk.refused).toEqual(['crypto/decrypt']);
    await world.deliver(bytesOf(next), hulk);
    expect(hulk.shown).toEqual(['secret 1', 'secret 2']);
  });

  test('is part of a backup: no other peer can use it on another device either', async () => {
    const { world, moki, hulk, eve } = await three();
    const key = oldKey();
    await world.deliver(bytesOf(await captured(world, moki, hulk, key, 1)), hulk);
    const work = { N: 2 ** 10, r: 8, p: 1 };
    const file = await exportIdentity(hulk.facebook, hulk.id, 'a passphrase', { work });
    const store = memoryStore();
    const facebook = new Facebook({ protocol, store, clock: world.time });
    await importIdentity(facebook, file, 'a passphrase');
    const device = await world.join('hulk', { store });
    await acquaint(eve, device);
    const next = await captured(world, moki, hulk, key, 2);
    await world.deliver(bytesOf(await stolen(eve, next)), device);
    expect(device.refused).toEqual(['crypto/decrypt']);
    expect(device.shown).toEqual([]);
  });

  test('is proven by one of several claims at once, and not by the others', async () => {
    const store = memoryStore();
    const { moki, hulk, eve } = await three();
    const claim = { user: hulk.id, fingerprint: 'x'.repeat(22) };
    const [owners, others] = [new StoredKeyOwners(store), new StoredKeyOwners(store)];
    await Promise.all([
      owners.claim({ ...claim, sender: eve.id, proven: false }),
      others.claim({ ...claim, sender: moki.id, proven: true }),
      owners.claim({ ...claim, sender: eve.id, proven: false }),
    ]);
    const known = await new StoredKeyOwners(store).ownerOf(hulk.id, claim.fingerprint);
    expect(known).toEqual({ owner: moki.id.entity, proven: true });
  });

  test('has no owner if its record is damaged, and cannot be used without proof', async () => {
    const store = memoryStore();
    const { hulk, eve } = await three();
    const claim = { user: hulk.id, fingerprint: 'x'.repeat(22) };
    await store.set(['key-owner', hulk.id.entity, claim.fingerprint], Uint8Array.of(1));
    const owners = new StoredKeyOwners(store);
    expect((await owners.ownerOf(hulk.id, claim.fingerprint))?.owner).toBe('');
    expect((await owners.claim({ ...claim, sender: eve.id, proven: false })).owner).toBe('');
    expect((await owners.claim({ ...claim, sender: eve.id, proven: true })).owner).toBe(
      eve.id.entity,
    );
  });

  test('is forgotten with the private key that unwraps it, and not before', async () => {
    const { moki, hulk } = await three();
    const owners = new StoredKeyOwners(hulk.store);
    const [own] = await hulk.facebook.messageKeys(hulk.id);
    if (own === undefined) expect.unreachable();
    const common = { user: hulk.id, sender: moki.id, proven: true };
    const names = { here: pairFingerprint(own), gone: 'y'.repeat(22) };
    await owners.claim({ ...common, fingerprint: 'a'.repeat(22), unwrappedBy: names.here });
    await owners.claim({ ...common, fingerprint: 'b'.repeat(22), unwrappedBy: names.gone });
    await owners.claim({ ...common, fingerprint: 'c'.repeat(22) });
    await owners.purge(hulk.facebook);
    const left = (await pathsOf(hulk.durable)).filter((path) => path.startsWith('key-owner'));
    expect(left.map((path) => path.split('/').at(-1)?.[0])).toEqual(['a', 'c']);
  });
});

test('a sender who used AES-GCM and now sends a weaker message is reported, and not refused', async () => {
  const { world, moki, hulk } = await three();
  const weaker: string[] = [];
  hulk.messenger.on('weaker', ({ sender }) => weaker.push(sender.entity));
  const key = {
    algorithm: 'AES-GCM',
    data: encodeBase64(crypto.getRandomValues(new Uint8Array(32))),
  };
  const symmetric = protocol.keys.parseSymmetric(key);
  await hulk.messenger.transceiver.keyCache.learnReceivedKey(moki.id, hulk.id, symmetric);
  for (let n = 0; n < 2; n++) {
    await world.deliver(bytesOf(await captured(world, moki, hulk, oldKey(), n)), hulk);
  }
  expect(weaker).toEqual([moki.id.entity]);
  expect(hulk.shown).toEqual(['secret 0', 'secret 1']);
});
