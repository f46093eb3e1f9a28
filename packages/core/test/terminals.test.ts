import { Text } from '@dimp/extensions/contents';
import { decodeBase64 } from '@dimp/foundation';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  AEAD,
  acquaint,
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

beforeAll(async () => {
  alice = await makePeer();
  bob = await makePeer();
  await acquaint(alice, bob);
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
