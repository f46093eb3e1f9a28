import { Receipt } from '@dimp/extensions/commands';
import { decodeBase64, encodeBase64, type Json, randomBytes, utf8Encode } from '@dimp/foundation';
import { beforeAll, describe, expect, test } from 'vitest';
import { seed } from '../src/dialects.ts';
import { bindEnvelope } from '../src/index.ts';
import {
  acquaint,
  flip,
  keyObject,
  makePeer,
  OLD,
  openMessage,
  type Peer,
  pack,
  resign,
  said,
  wireOf,
} from './peers.ts';
import { content, NOW, protocol } from './protocol.ts';

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
      content(Receipt.create({ text: 'Message received.', origin: { sender: bob.id, sn: 5 } })),
      { sender: alice.id, receiver: oldBob.id, time: NOW },
    );
    const wire = wireOf(await pack(alice.device, alice.id, oldBob.id, receipt));
    const opened = await openMessage(oldBob.device, wire);
    expect(opened.content.kind).toBe('receipt');
    expect(oldBob.device.transceiver.openingOf(opened)).toMatchObject({ proven: true });
    // A receiver of the key can wrap it for another one, without the name of its sender.
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
