import { bindEnvelope, KeyOwners } from '@dimp/core';
import { seed } from '@dimp/core/dialects';
import type { Content } from '@dimp/dkd';
import { Receipt } from '@dimp/extensions/commands';
import { Text } from '@dimp/extensions/contents';
import {
  decodeBase64,
  encodeBase64,
  isJsonObject,
  type Json,
  randomBytes,
  utf8Encode,
} from '@dimp/foundation';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { content, NOW, protocol } from './machines.ts';
import {
  AEAD,
  acquaint,
  craft,
  type Device,
  introduce,
  keyObject,
  makeGroup,
  makePeer,
  OLD,
  openMessage,
  type Peer,
  pack,
  resign,
  wireOf,
} from './peers.ts';

let alice: Peer;
let bob: Peer;
let oldBob: Peer;
let mallory: Peer;

beforeAll(async () => {
  alice = await makePeer();
  bob = await makePeer();
  oldBob = await makePeer([OLD]);
  mallory = await makePeer();
  await acquaint(alice, bob, oldBob, mallory);
});

/** A content that names sender and receiver, as the client makes it. */
function said(text: string, from: Peer, to: Peer): Content {
  return bindEnvelope(content(Text.create({ text })), {
    sender: from.id,
    receiver: to.id,
    time: NOW,
  });
}

function flip(base64: Json | undefined, bit: number): string {
  const bytes = decodeBase64(String(base64));
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return encodeBase64(bytes);
}

/** A machine of a peer that has seen nothing yet. */
async function fresh(peer: Peer, ...known: readonly Peer[]): Promise<Device> {
  const { deviceOf } = await import('./peers.ts');
  const { MemoryArchive } = await import('@dimp/core/memory');
  const archive = new MemoryArchive();
  archive.addIdentity({ id: peer.id, signer: peer.signer, decryptKeys: peer.messageKeys });
  const device = deviceOf(archive);
  await introduce(device, peer, ...known);
  return device;
}

describe('what opens a message names its sender', () => {
  test.each([
    ['AES-GCM', () => bob],
    ['AES', () => oldBob],
  ])('in keys of %s, also where RSA-1024 wraps them', async (algorithm, receiver) => {
    const message = await pack(
      alice.device,
      alice.id,
      receiver().id,
      said('hi', alice, receiver()),
    );
    const key = await keyObject(wireOf(message), receiver());
    expect(key).toMatchObject({ algorithm, from: expect.stringMatching(/^[\w-]{22}$/) });
  });

  test('not where an IV leaves no room in one block of RSA-1024, and that opens as well', async () => {
    const message = await pack(alice.device, alice.id, oldBob.id, said('hi', alice, oldBob), {
      dialect: seed,
    });
    expect(await keyObject(wireOf(message), oldBob)).toEqual({
      algorithm: 'AES',
      data: expect.any(String),
      iv: expect.any(String),
    });
    const opened = await openMessage(oldBob.device, message);
    expect(oldBob.device.transceiver.openingOf(opened)).toMatchObject({ proven: true });
  });

  test('so nobody opens it as theirs, remembered or not', async () => {
    const wire = wireOf(await pack(alice.device, alice.id, oldBob.id, said('hi', alice, oldBob)));
    const stolen = await resign(wire, mallory);
    for (const device of [await fresh(oldBob, alice, mallory), oldBob.device]) {
      await expect(openMessage(device, stolen)).rejects.toMatchObject({ code: 'crypto/decrypt' });
      expect((await openMessage(device, wire)).content.body).toEqual({ text: 'hi' });
      await expect(openMessage(device, stolen)).rejects.toMatchObject({ code: 'crypto/decrypt' });
    }
  });

  test('and any other value is nobody’s', async () => {
    for (const from of ['', 'A'.repeat(22), 5, [], {}, true]) {
      const key = { algorithm: 'AES', data: encodeBase64(randomBytes(32)), from };
      const wire = await craft({ from: alice, to: bob, text: '{"type":1,"sn":1,"text":"x"}', key });
      await expect(openMessage(bob.device, wire)).rejects.toMatchObject({ code: 'crypto/decrypt' });
    }
  });
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

  test('does not open for another receiver, though somebody wraps the key for them', async () => {
    const wire = wireOf(await pack(alice.device, alice.id, bob.id, said('for bob', alice, bob)));
    const carol = await makePeer();
    await introduce(carol.device, alice);
    const key = JSON.stringify(await keyObject(wire, bob));
    const [carolKey] = carol.messageKeys;
    const wrapped = encodeBase64(
      (await carolKey?.publicKey.encrypt(utf8Encode(key))) ?? (key as never),
    );
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

describe('the IV of older peers', () => {
  test('is named by the content behind a first block that says nothing', async () => {
    const wire = wireOf(await pack(alice.device, alice.id, oldBob.id, said('hi', alice, oldBob)));
    const key = await keyObject(wire, oldBob);
    const aes = protocol.keys.parseSymmetric(key);
    const plaintext = await aes.decrypt(decodeBase64(String(wire['data'])), wire);
    const text = new TextDecoder().decode(plaintext);
    const iv = String(wire['IV']).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
    expect(text).toMatch(/^\{"_":"[\w-]{8}","type":1,"sn":\d+,"bound":"[\w-]{22}","time":/);
    expect(JSON.parse(text)).toMatchObject({ bound: iv, time: NOW });
    const opened = await openMessage(oldBob.device, wire);
    expect(opened.content.wire).not.toHaveProperty('_');
    expect(opened.content.wire).not.toHaveProperty('bound');
    expect(oldBob.device.transceiver.openingOf(opened)).toMatchObject({
      proven: true,
      timeTrusted: true,
    });
  });

  test('cannot be changed by a single bit, nor given another place', async () => {
    const wire = wireOf(await pack(alice.device, alice.id, oldBob.id, said('hi', alice, oldBob)));
    for (let bit = 0; bit < 128; bit++) {
      const changed = { ...wire, IV: flip(wire['IV'], bit) };
      const error = await openMessage(oldBob.device, changed).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'crypto/decrypt' });
      expect(oldBob.device.transceiver.failureOf(error)).toBe('unreadable');
    }
    const { IV, ...bare } = wire;
    const other = flip(IV ?? null, 3);
    for (const same of [
      { ...bare, iv: IV ?? '' },
      { ...wire, iv: other },
    ]) {
      expect((await openMessage(oldBob.device, same)).content.body).toEqual({ text: 'hi' });
    }
    for (const changed of [bare, { ...bare, iv: other }, { ...wire, IV: other, iv: IV ?? '' }]) {
      await expect(openMessage(oldBob.device, changed)).rejects.toMatchObject({
        code: 'crypto/decrypt',
      });
    }
  });

  test('inside the key of a 0.8 peer is the one that counts', async () => {
    const message = await pack(alice.device, alice.id, oldBob.id, said('hi', alice, oldBob), {
      dialect: seed,
    });
    const wire = wireOf(message);
    expect(wire).not.toHaveProperty('IV');
    expect((await openMessage(oldBob.device, wire)).content.body).toEqual({ text: 'hi' });
    const added = { ...wire, IV: encodeBase64(randomBytes(16)) };
    await expect(openMessage(oldBob.device, added)).rejects.toMatchObject({
      code: 'crypto/decrypt',
    });
  });

  test('stands with sender and receiver in contents whose names mean something else', async () => {
    const receipt = bindEnvelope(
      content(
        Receipt.create({ text: 'Message received.', origin: { sender: bob.id, sn: 5 } } as never),
      ),
      { sender: alice.id, receiver: oldBob.id, time: NOW },
    );
    const wire = wireOf(await pack(alice.device, alice.id, oldBob.id, receipt));
    const opened = await openMessage(oldBob.device, wire);
    expect(opened.content.kind).toBe('receipt');
    expect(oldBob.device.transceiver.openingOf(opened)).toMatchObject({ proven: true });
    // Whoever has the key can wrap it for somebody else, without the name of its sender.
    const { from: _from, ...key } = (await keyObject(wire, oldBob)) as Record<string, Json>;
    const [bobKey] = bob.messageKeys;
    const wrapped = await bobKey?.publicKey.encrypt(utf8Encode(JSON.stringify(key)));
    if (wrapped === undefined) expect.unreachable();
    const moved = { ...wire, receiver: bob.id.text, key: encodeBase64(wrapped), keys: {} };
    await expect(openMessage(bob.device, moved)).rejects.toMatchObject({ code: 'crypto/decrypt' });
    const stolen = { ...(await resign(wire, mallory)), key: wire['key'] ?? null };
    await expect(openMessage(oldBob.device, stolen)).rejects.toMatchObject({
      code: 'crypto/decrypt',
    });
  });

  test('is bound by no member of an application’s own', async () => {
    for (const name of ['_', 'bound']) {
      const own = { ...said('x', alice, oldBob) };
      const wire = { ...own.wire, [name]: 'mine' };
      await expect(pack(alice.device, alice.id, oldBob.id, { ...own, wire })).rejects.toThrow(
        TypeError,
      );
    }
  });
});

describe('contents of other programs', () => {
  const key = (): { algorithm: string; data: string } => ({
    algorithm: 'AES',
    data: encodeBase64(randomBytes(32)),
  });
  const openText = async (text: string) =>
    openMessage(bob.device, await craft({ from: alice, to: bob, text, key: key() }));

  test('have a trusted time where it begins behind the first block', async () => {
    for (const [text, timeTrusted] of [
      [`{"type": 1, "sn": 12345, "time": ${NOW}, "text": "hi"}`, true],
      [`{"type":1,"N":1,"time":${NOW},"text":"hi"}`, true],
      [`{"T":1,"sn":1,"time":${NOW},"text":"hi"}`, false],
      [`{"time":${NOW},"type":1,"sn":1,"text":"hi"}`, false],
      [`{"T":1,"N":1,"W":${NOW},"text":"hi"}`, false],
      [`{"T":1,"N":12345,"W":${NOW},"text":"hi"}`, true],
      [`{"W":${NOW},"type":1,"sn":12345,"time":${NOW},"text":"hi"}`, true],
      [`{"type": 1, "sn": 12345, "text": "hi"}`, false],
    ] as const) {
      const opening = bob.device.transceiver.openingOf(await openText(text));
      expect([text, opening?.timeTrusted, opening?.proven]).toEqual([text, timeTrusted, false]);
    }
  });

  test('are one failure up to their type and serial number', async () => {
    const texts = [
      '',
      'no JSON',
      '[1,2]',
      '{"type":1}',
      '{"type":1,"sn":null}',
      '{"type":1,"sn":"x"}',
      '{"type":[],"sn":1}',
      '{"type":true,"sn":1}',
      '{"type":"","sn":1}',
      '{"type":1,"sn":1,"type":1}',
      '{"type":1,"sn":1,"\\u0074ype":2}',
      '{"time":1,"sn":1,"type":9,"W":5}',
      '{"type":1,"sn":1,"text":"x","bound":"AAAAAAAAAAAAAAAAAAAAAA"}',
      '{"type":1,"sn":1,"text":"x","bound":5}',
    ];
    for (const text of texts) {
      const error = await openText(text).catch((reason: unknown) => reason);
      expect([text, (error as { code?: string }).code]).toEqual([text, 'crypto/decrypt']);
      expect(bob.device.transceiver.failureOf(error)).toBe('unreadable');
    }
    // The vectors give these other codes; what they say is the same.
    for (const text of ['{}', '{"sn":1,"text":"x"}', '{"type":1,"sn":1,"__proto__":1}']) {
      const error = await openText(text).catch((reason: unknown) => reason);
      expect(bob.device.transceiver.failureOf(error)).toBe('unreadable');
    }
  });

  test('tell by their failure whether their sender may hear of it', async () => {
    const { failureOf } = bob.device.transceiver;
    const failure = async (wire: Record<string, Json>) =>
      failureOf.call(
        bob.device.transceiver,
        await openMessage(bob.device, wire).catch((reason: unknown) => reason),
      );
    const text = '{"type": 1, "sn": 12345, "text": "hi"}';
    const unproven = await craft({ from: alice, to: bob, text, key: key(), extra: { type: 2 } });
    expect(await failure(unproven)).toBe('unproven');
    const named = await pack(alice.device, alice.id, bob.id, said('x', alice, bob));
    expect(await failure({ ...wireOf(named), type: 2 })).toBe('proven');
    expect(failureOf.call(bob.device.transceiver, new Error('disk full'))).toBeUndefined();
  });
});

describe('keys that do not name their sender', () => {
  const text = '{"type": 1, "sn": 12345, "text": "hi"}';
  const aes = (): { algorithm: string; data: string } => ({
    algorithm: 'AES',
    data: encodeBase64(randomBytes(32)),
  });

  test('open nothing for somebody else after their first use, unless that proves itself', async () => {
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

  test('serve every member of a group that knows them, whoever came first', async () => {
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
    const { from: _from, ...key } = (await keyObject({ key: own }, reader)) as Record<string, Json>;
    const stolen = await craft({ from: alice, to: reader, text, key: key as never });
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

describe('several terminals', () => {
  test('each read what is sent, by `key` or by their entry of `keys`', async () => {
    const two = await makePeer([
      { ...AEAD, terminal: 'phone', time: NOW - 200 },
      { ...AEAD, terminal: 'desk', time: NOW - 100 },
    ]);
    await acquaint(alice, two);
    const message = await pack(alice.device, alice.id, two.id, said('to both', alice, two));
    for (const device of two.devices) {
      expect((await openMessage(device, message)).content.body).toEqual({ text: 'to both' });
    }
    const { key, keys } = wireOf(message);
    const entries = keys as Record<string, string>;
    expect(key).toBe(entries[two.id.entity]);
    expect(key).toBe(entries[`${two.id.entity}/desk`]);
    expect(entries[`${two.id.entity}/phone`]).not.toBe(key);
  });

  test('in groups, whole and split', async () => {
    const two = await makePeer([
      { ...AEAD, terminal: 'phone', time: NOW - 200 },
      { ...AEAD, terminal: 'desk', time: NOW - 100 },
    ]);
    await acquaint(alice, bob, two);
    const group = await makeGroup('terminals', alice, [alice, bob, two]);
    const said = content(Text.create({ text: 'all' }, { group }));
    const whole = await pack(alice.device, alice.id, group, said);
    const { splitMessage } = await import('@dimp/core');
    const [copy, bobs] = splitMessage(whole, [two.id, bob.id], protocol.parseID);
    if (copy === undefined || bobs === undefined) expect.unreachable();
    for (const device of two.devices) {
      for (const message of [whole, copy]) {
        expect((await openMessage(device, message)).content.body).toEqual({ text: 'all' });
      }
    }
    expect(Object.keys(copy.keys ?? {})).toHaveLength(3);
    expect(wireOf(bobs)).not.toHaveProperty('keys');
  });

  test('a terminal without a name is the one that `key` is for', async () => {
    const two = await makePeer([{ terminal: 'web', time: NOW - 100 }, { time: NOW - 200 }]);
    await acquaint(alice, two);
    const wire = wireOf(await pack(alice.device, alice.id, two.id, said('x', alice, two)));
    const [, nameless] = two.messageKeys;
    const opened = await nameless?.decrypt(decodeBase64(String(wire['key'])));
    expect(new TextDecoder().decode(opened)).toContain('"algorithm":"AES"');
    for (const device of two.devices) await openMessage(device, wire);
  });

  test('at most 8 are written for, none older than 180 days but the newest', async () => {
    const day = 24 * 60 * 60;
    const many = await makePeer(
      Array.from({ length: 10 }, (_, i) => ({ terminal: `t${i}`, time: NOW - 100 - i })),
    );
    const left = await makePeer([
      { terminal: 'new', time: NOW - 10 },
      { terminal: 'left', time: NOW - 181 * day },
    ]);
    const lonely = await makePeer([{ terminal: 'only', time: NOW - 1000 * day }]);
    await acquaint(alice, many, left, lonely);
    const { barrack } = alice.device;
    expect((await barrack.encryptKeys(many.id)).map(({ terminals }) => terminals[0])).toEqual(
      Array.from({ length: 8 }, (_, i) => `t${i}`),
    );
    expect((await barrack.encryptKeys(left.id)).map(({ terminals }) => terminals[0])).toEqual([
      'new',
    ]);
    expect(await barrack.encryptKeys(lonely.id)).toHaveLength(1);
  });

  test('one visa shown under many names is one terminal, and drives out no other', async () => {
    const two = await makePeer([
      { terminal: 'desk', time: NOW - 100 },
      { terminal: 'phone', time: NOW - 200 },
    ]);
    await acquaint(alice, two);
    const [desk] = two.visas;
    for (let i = 0; i < 12; i++) {
      await alice.device.barrack
        .saveDocument({ ...desk?.wire, terminal: `fake${i}` }, two.id)
        .catch(() => undefined);
    }
    const message = await pack(alice.device, alice.id, two.id, said('x', alice, two));
    for (const device of two.devices) await openMessage(device, message);
  });
});

describe('a weaker cipher', () => {
  test('from somebody who had a better one is told once', async () => {
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
