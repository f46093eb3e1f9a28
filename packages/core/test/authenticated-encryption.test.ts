import type { Content } from '@dimp/dkd';
import { Text } from '@dimp/extensions/contents';
import { encodeBase64, isJsonObject, type Json, randomBytes, utf8Encode } from '@dimp/foundation';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  AEAD,
  acquaint,
  craft,
  flip,
  fresh,
  introduce,
  keyObject,
  makeGroup,
  makePeer,
  openMessage,
  type Peer,
  pack,
  said,
  wireOf,
} from './peers.ts';
import { content, NOW, protocol } from './protocol.ts';

let alice: Peer;
let bob: Peer;
let mallory: Peer;

beforeAll(async () => {
  alice = await makePeer();
  bob = await makePeer();
  mallory = await makePeer();
  await acquaint(alice, bob, mallory);
});

describe('authenticated encryption', () => {
  test('is used if every receiver’s visa accepts it, and proves the message and its time', async () => {
    const message = await pack(alice.device, alice.id, bob.id, said('sealed', alice, bob));
    expect(wireOf(message)).not.toHaveProperty('IV');
    const opened = await openMessage(bob.device, message);
    expect(opened.content.body).toEqual({ text: 'sealed' });
    expect(opened.content.wire).not.toHaveProperty('bound');
    expect(bob.device.transceiver.openingOf(opened)).toMatchObject({
      key: { algorithm: 'AES-GCM' },
      proven: true,
      timeTrusted: true,
    });
  });

  test('names sender and receiver in contents that do not', async () => {
    const bare = content(Text.create({ text: 'x' }));
    const opened = await openMessage(bob.device, await pack(alice.device, alice.id, bob.id, bare));
    expect(opened.content.wire).toMatchObject({ sender: alice.id.text, receiver: bob.id.text });
  });

  test('does not open for another receiver, even if the key is wrapped for them', async () => {
    const wire = wireOf(await pack(alice.device, alice.id, bob.id, said('for bob', alice, bob)));
    const carol = await makePeer();
    await introduce(carol.device, alice);
    const key = JSON.stringify(await keyObject(wire, bob));
    const [carolKey] = carol.messageKeys;
    if (carolKey === undefined) expect.unreachable();
    const wrapped = encodeBase64(await carolKey.publicKey.encrypt(utf8Encode(key)));
    const passedOn = { ...wire, receiver: carol.id.text, key: wrapped, keys: {} };
    await expect(openMessage(carol.device, passedOn)).rejects.toMatchObject({
      code: 'crypto/decrypt',
    });
  });

  test('opens however the envelope is respelled, and is refused where its content contradicts it', async () => {
    const wire = wireOf(await pack(alice.device, alice.id, bob.id, said('hi', alice, bob)));
    const { type: _type, ...untyped } = wire;
    for (const changed of [
      { ...wire, type: 1 },
      { ...wire, type: '1' },
      { ...wire, type: 'text' },
      untyped,
      { ...wire, time: Math.trunc(NOW) },
      { ...wire, time: String(NOW) },
      { ...wire, sender: `${alice.id.text}/phone` },
      { ...wire, sender: alice.id.text.toLowerCase() },
    ]) {
      expect((await openMessage(bob.device, changed)).content.body).toEqual({ text: 'hi' });
    }
    for (const changed of [
      { ...wire, type: 136 },
      { ...wire, data: flip(wire['data'], 0) },
    ]) {
      await expect(openMessage(bob.device, changed)).rejects.toMatchObject({
        code: expect.stringMatching(/^(format\/field|crypto\/signature)$/),
      });
    }
  });

  test('gives way to AES as soon as one terminal does not accept it; no key serves both', async () => {
    const two = await makePeer([{ ...AEAD, terminal: 'new' }]);
    await acquaint(alice, two);
    const first = wireOf(await pack(alice.device, alice.id, two.id, said('1', alice, two)));
    expect(first).not.toHaveProperty('IV');
    const older = await protocol.keys.generate('RSA', { bits: 1024 });
    const { signDocument } = await import('@dimp/mkm');
    const properties = { key: older.publicKey.toWire() };
    const visa = await signDocument(
      { did: two.id, type: 'visa', properties, now: NOW - 50, terminal: 'old' },
      two.signer,
    );
    await alice.device.barrack.saveDocument(visa, two.id);
    const second = wireOf(await pack(alice.device, alice.id, two.id, said('2', alice, two)));
    expect(second).toHaveProperty('IV');
    const [one, other] = [await keyObject(first, two), second['keys']];
    expect(Object.keys(isJsonObject(other) ? other : {}).sort()).toEqual(
      [two.id.entity, `${two.id.entity}/new`, `${two.id.entity}/old`].sort(),
    );
    const opened = await openMessage(two.device, second);
    const key = two.device.transceiver.openingOf(opened)?.key;
    expect(key?.algorithm).toBe('AES');
    expect(key?.toWire()['data']).not.toBe(isJsonObject(one) ? one['data'] : undefined);
  });

  test('comes back when all accept it again', async () => {
    const sender = await fresh(alice, bob);
    const keyCache = sender.transceiver.keyCache;
    await keyCache.useSendingKey(
      alice.id,
      bob.id,
      await protocol.keys.generateSymmetric('AES'),
      bob.id.entity,
    );
    const wire = wireOf(await pack(sender, alice.id, bob.id, said('x', alice, bob)));
    expect(await keyObject(wire, bob)).toMatchObject({ algorithm: 'AES-GCM' });
  });
});

describe('groups with authenticated encryption', () => {
  let group: Awaited<ReturnType<typeof makeGroup>>;
  const spoken = (text: string): Content => content(Text.create({ text }, { group }));

  beforeAll(async () => {
    group = await makeGroup('sealed', alice, [alice, bob, mallory]);
  });

  test('whole, split and hidden messages open', async () => {
    const whole = await pack(alice.device, alice.id, group, spoken('to all'));
    const { splitMessage } = await import('@dimp/core');
    const [copy] = splitMessage(whole, [bob.id], protocol.parseID);
    const hidden = await pack(alice.device, alice.id, bob.id, spoken('hidden'));
    for (const message of [whole, copy ?? whole, hidden]) {
      const opened = await openMessage(bob.device, message);
      expect(opened.content.group?.entity).toBe(group.entity);
      expect(bob.device.transceiver.openingOf(opened)).toMatchObject({
        key: { algorithm: 'AES-GCM' },
        proven: true,
      });
    }
  });

  test('a group added to a hidden copy does not keep it from opening', async () => {
    const wire = wireOf(await pack(alice.device, alice.id, bob.id, spoken('hidden')));
    const opened = await openMessage(bob.device, { ...wire, group: group.text });
    expect(opened.content.body).toEqual({ text: 'hidden' });
  });

  test('a split copy without its group fails, and the genuine one opens later', async () => {
    const whole = await pack(alice.device, alice.id, group, spoken('to all'));
    const { splitMessage } = await import('@dimp/core');
    const [copy] = splitMessage(whole, [bob.id], protocol.parseID);
    if (copy === undefined) expect.unreachable();
    const { group: _group, ...stripped } = wireOf(copy);
    await expect(openMessage(bob.device, stripped)).rejects.toMatchObject({
      code: 'crypto/decrypt',
    });
    expect((await openMessage(bob.device, copy)).content.body).toEqual({ text: 'to all' });
  });

  test('two different groups, or a broadcast group, are refused', async () => {
    const other = await makeGroup('other', alice, [alice, bob]);
    const wire = wireOf(await pack(alice.device, alice.id, group, spoken('to all')));
    await expect(openMessage(bob.device, { ...wire, group: other.text })).rejects.toMatchObject({
      code: 'crypto/decrypt',
    });
    const { group: _group, ...bare } = wire;
    await expect(
      openMessage(bob.device, { ...bare, group: 'everyone@everywhere' }),
    ).rejects.toMatchObject({ code: 'crypto/signature' });
  });
});

describe('a weaker cipher', () => {
  test('from a sender who had a better one is reported once', async () => {
    const reader = await fresh(bob, alice);
    const heard: string[] = [];
    const listening = reader.transceiver.events.on('weaker', ({ sender, receiver }) =>
      heard.push(`${sender.entity} ${receiver.entity}`),
    );
    onTestFinished(() => listening.close());
    const text = '{"type": 1, "sn": 12345, "text": "hi"}';
    const old = async (): Promise<Record<string, Json>> =>
      craft({
        from: alice,
        to: bob,
        text,
        key: { algorithm: 'AES', data: encodeBase64(randomBytes(32)) },
      });
    await openMessage(reader, await old());
    expect(heard).toEqual([]);
    await openMessage(reader, await pack(alice.device, alice.id, bob.id, said('x', alice, bob)));
    expect(heard).toEqual([]);
    for (let i = 0; i < 3; i++) await openMessage(reader, await old());
    expect(heard).toEqual([`${alice.id.entity} ${bob.id.entity}`]);
  });
});
