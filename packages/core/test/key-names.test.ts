import { encodeBase64, randomBytes } from '@dimp/foundation';
import { beforeAll, describe, expect, test } from 'vitest';
import { seed } from '../src/dialects.ts';
import {
  acquaint,
  craft,
  fresh,
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

  test('not where an IV leaves no room in one block of RSA-1024, and such a message opens too', async () => {
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

  test('so another sender cannot have it opened as theirs, with or without a record', async () => {
    const wire = wireOf(await pack(alice.device, alice.id, oldBob.id, said('hi', alice, oldBob)));
    const stolen = await resign(wire, mallory);
    for (const device of [await fresh(oldBob, alice, mallory), oldBob.device]) {
      await expect(openMessage(device, stolen)).rejects.toMatchObject({ code: 'crypto/decrypt' });
      expect((await openMessage(device, wire)).content.body).toEqual({ text: 'hi' });
      await expect(openMessage(device, stolen)).rejects.toMatchObject({ code: 'crypto/decrypt' });
    }
  });

  test('and any other value belongs to no sender', async () => {
    for (const from of ['', 'A'.repeat(22), 5, [], {}, true]) {
      const key = { algorithm: 'AES', data: encodeBase64(randomBytes(32)), from };
      const wire = await craft({ from: alice, to: bob, text: '{"type":1,"sn":1,"text":"x"}', key });
      await expect(openMessage(bob.device, wire)).rejects.toMatchObject({ code: 'crypto/decrypt' });
    }
  });
});
