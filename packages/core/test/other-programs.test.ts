import { encodeBase64, type Json, randomBytes } from '@dimp/foundation';
import { beforeAll, describe, expect, test } from 'vitest';
import { acquaint, craft, makePeer, openMessage, type Peer, pack, said, wireOf } from './peers.ts';
import { NOW } from './protocol.ts';

let alice: Peer;
let bob: Peer;

beforeAll(async () => {
  alice = await makePeer();
  bob = await makePeer();
  await acquaint(alice, bob);
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
