import { Text } from '@dimp/extensions/contents';
import { encodeBase64, isJsonObject, randomBytes } from '@dimp/foundation';
import { beforeAll, describe, expect, test } from 'vitest';
import { KeyOwners } from '../src/index.ts';
import {
  AEAD,
  acquaint,
  craft,
  fresh,
  type KeyObject,
  keyObject,
  makeGroup,
  makePeer,
  OLD,
  openMessage,
  type Peer,
  pack,
  said,
  wireOf,
} from './peers.ts';
import { content } from './protocol.ts';

let alice: Peer;
let bob: Peer;
let mallory: Peer;

beforeAll(async () => {
  alice = await makePeer();
  bob = await makePeer();
  mallory = await makePeer();
  await acquaint(alice, bob, mallory);
});

describe('keys that do not name their sender', () => {
  const text = '{"type": 1, "sn": 12345, "text": "hi"}';
  const aes = (): { algorithm: string; data: string } => ({
    algorithm: 'AES',
    data: encodeBase64(randomBytes(32)),
  });

  test('open nothing for another sender after their first use, unless that sender is proven', async () => {
    const device = await fresh(bob, alice, mallory);
    const key = aes();
    const genuine = await craft({ from: alice, to: bob, text, key });
    await openMessage(device, genuine);
    const stolen = { ...(await craft({ from: mallory, to: bob, text, key })) };
    await expect(openMessage(device, stolen)).rejects.toMatchObject({ code: 'crypto/decrypt' });
    // Another IV, other spelling and other members of the key object change nothing.
    const respelled = { ...key, data: key.data.replace('=', ''), iv: 'AAAAAAAAAAAAAAAAAAAAAA==' };
    const other = await craft({ from: mallory, to: bob, text, key: respelled });
    await expect(openMessage(device, other)).rejects.toMatchObject({ code: 'crypto/decrypt' });
    const proven = JSON.stringify({
      type: 1,
      sn: 12345,
      text: 'hi',
      sender: mallory.id.text,
      receiver: bob.id.text,
    });
    await openMessage(device, await craft({ from: mallory, to: bob, text: proven, key }));
  });

  test('are not claimed by what is refused', async () => {
    const device = await fresh(bob, alice, mallory);
    const key = aes();
    const refused = await craft({ from: mallory, to: bob, text, key, extra: { type: 2 } });
    await expect(openMessage(device, refused)).rejects.toMatchObject({ code: 'format/field' });
    await openMessage(device, await craft({ from: alice, to: bob, text, key }));
  });

  test('belong to who proves it, before who came first without proof', async () => {
    const device = await fresh(bob, alice, mallory);
    const key = aes();
    await openMessage(device, await craft({ from: mallory, to: bob, text, key }));
    const proof = JSON.stringify({
      type: 1,
      sn: 1,
      text: 'mine',
      sender: alice.id.text,
      receiver: bob.id.text,
    });
    await openMessage(device, await craft({ from: alice, to: bob, text: proof, key }));
    await expect(
      openMessage(device, await craft({ from: mallory, to: bob, text, key })),
    ).rejects.toMatchObject({ code: 'crypto/decrypt' });
  });

  test('serve every member of a group that knows them, in any order', async () => {
    const [one, two, reader] = [await makePeer(), await makePeer(), await makePeer()];
    await acquaint(one, two, reader, mallory);
    const group = await makeGroup('fellows', one, [one, two, reader]);
    const key = aes();
    const inGroup = `{"type": 1, "sn": 12345, "group": "${group.text}", "text": "hi"}`;
    await openMessage(reader.device, await craft({ from: two, to: reader, text, key }));
    for (const each of [inGroup, text]) {
      await openMessage(reader.device, await craft({ from: one, to: reader, text: each, key }));
    }
    await expect(
      openMessage(reader.device, await craft({ from: mallory, to: reader, text, key })),
    ).rejects.toMatchObject({ code: 'crypto/decrypt' });
  });

  test('of our own are ours from their making', async () => {
    const reader = await makePeer([OLD]);
    await acquaint(alice, bob, reader);
    const group = await makeGroup('own-keys', reader, [reader, alice]);
    const whole = await pack(
      reader.device,
      reader.id,
      group,
      content(Text.create({ text: 'mine' }, { group })),
    );
    const { keys } = wireOf(whole);
    const own = isJsonObject(keys) ? String(keys[reader.id.entity]) : '';
    const { from: _from, ...key } = (await keyObject({ key: own }, reader)) as KeyObject;
    const stolen = await craft({ from: alice, to: reader, text, key });
    await expect(openMessage(reader.device, stolen)).rejects.toMatchObject({
      code: 'crypto/decrypt',
    });
  });

  test('are remembered by an owner that a program brings itself', async () => {
    const claims: string[] = [];
    class Recording extends KeyOwners {
      override claim(claim: Parameters<KeyOwners['claim']>[0]) {
        claims.push(`${claim.sender.entity} ${claim.proven} ${claim.unwrappedBy?.length}`);
        return super.claim(claim);
      }
    }
    const reader = await makePeer([AEAD], () => new Recording());
    await acquaint(alice, reader);
    const wire = await craft({ from: alice, to: reader, text, key: aes() });
    await openMessage(reader.device, wire);
    await openMessage(reader.device, wire);
    await openMessage(
      reader.device,
      await pack(alice.device, alice.id, reader.id, said('sealed', alice, reader)),
    );
    expect(claims).toEqual([`${alice.id.entity} false 22`]);
  });
});
