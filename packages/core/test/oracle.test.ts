import { Text } from '@dimp/extensions/contents';
import { decodeBase64, encodeBase64, type Json, randomBytes, utf8Encode } from '@dimp/foundation';
import { beforeAll, expect, test } from 'vitest';
import { Barrack, bindEnvelope, Transceiver } from '../src/index.ts';
import { MemoryArchive } from '../src/memory.ts';
import {
  acquaint,
  craft,
  introduce,
  makePeer,
  OLD,
  openMessage,
  type Peer,
  pack,
  wireOf,
} from './peers.ts';
import { content, NOW, protocol } from './protocol.ts';

/** Queries for each form; each of them would open if the key worked for all senders. */
const QUESTIONS = 300;

let alice: Peer;
let bob: Peer;
let mallory: Peer;

beforeAll(async () => {
  [alice, bob, mallory] = [await makePeer(), await makePeer([OLD]), await makePeer()];
  await acquaint(alice, bob, mallory);
});

/** A captured message, and what its reader has seen before. */
interface Capture {
  readonly wire: Record<string, Json>;
  readonly plaintext: Uint8Array;
  readonly iv: Uint8Array;
}

async function oursFor(reader: Peer): Promise<Capture> {
  const said = bindEnvelope(content(Text.create({ text: 'the code is 4711' })), {
    sender: alice.id,
    receiver: reader.id,
    time: NOW,
  });
  const wire = wireOf(await pack(alice.device, alice.id, reader.id, said));
  const opened = await openMessage(reader.device, wire);
  const key = reader.device.transceiver.openingOf(opened)?.key;
  if (key === undefined) throw new TypeError('it was opened with a key');
  const data = decodeBase64(String(wire['data']));
  return { wire, plaintext: await key.decrypt(data, wire), iv: decodeBase64(String(wire['IV'])) };
}

async function olderFor(reader: Peer): Promise<Capture> {
  const key = { algorithm: 'AES', data: encodeBase64(randomBytes(32)) };
  const iv = randomBytes(16);
  const text = '{"type": 1, "sn": 12345, "text": "the code is 4711"}';
  const wire = await craft({ from: alice, to: reader, text, key, iv });
  await openMessage(reader.device, wire);
  return { wire, plaintext: utf8Encode(text), iv };
}

/** Mallory knows the plaintext except four digits: with a right guess, the first block becomes a content. */
async function ask(device: Peer['device'], capture: Capture, guess: number): Promise<string> {
  const wanted = utf8Encode(`{"T":${guess % 10},"N":9,"a"`.slice(0, 16).padEnd(16, ' '));
  const iv = capture.iv.map((byte, i) => byte ^ (capture.plaintext[i] ?? 0) ^ (wanted[i] ?? 0));
  const data = decodeBase64(String(capture.wire['data']));
  const { length } = data;
  // The whole of it, one block, or one block with the last two and their padding.
  const cut =
    guess % 3 === 0
      ? data
      : guess % 3 === 1
        ? data.slice(0, 16)
        : Uint8Array.from([...data.slice(0, 16), ...data.slice(length - 32)]);
  const question = {
    ...capture.wire,
    sender: mallory.id.text,
    IV: encodeBase64(iv),
    data: encodeBase64(cut),
    signature: encodeBase64(await mallory.signer.sign(cut)),
  };
  try {
    await openMessage(device, question);
    return 'opened';
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    return `${code} ${message} ${device.transceiver.failureOf(error)}`;
  }
}

const ALIKE = ['crypto/decrypt message cannot be decrypted unreadable'];

test.each([
  ['a message of ours', oursFor],
  ['a message of an older program that was read before', olderFor],
])('%s: all questions are answered alike', async (_, capture) => {
  const captured = await capture(bob);
  const answers = new Set<string>();
  for (let guess = 0; guess < QUESTIONS; guess++) {
    answers.add(await ask(bob.device, captured, guess));
  }
  expect([...answers]).toEqual(ALIKE);
  // The genuine one still opens.
  expect((await openMessage(bob.device, captured.wire)).content.kind).toBe('text');
});

test('on a second device, and after a restart without memory, a key of ours still names its sender', async () => {
  const captured = await oursFor(bob);
  const archive = new MemoryArchive();
  archive.addIdentity({ id: bob.id, signer: bob.signer, decryptKeys: bob.messageKeys });
  const barrack = new Barrack(protocol, archive, { clock: { now: () => NOW * 1000 } });
  const device = { archive, barrack, transceiver: new Transceiver({ barrack }) };
  await introduce(device, alice, bob, mallory);
  const answers = new Set<string>();
  for (let guess = 0; guess < 60; guess++) answers.add(await ask(device, captured, guess));
  expect([...answers]).toEqual(ALIKE);
});

test('an older program’s message that was withheld opens for who tries first, and is told as unproven', async () => {
  const reader = await makePeer([OLD]);
  await acquaint(alice, reader, mallory);
  const key = { algorithm: 'AES', data: encodeBase64(randomBytes(32)) };
  const text = '{"type": 1, "sn": 12345, "text": "hi"}';
  const stolen = await craft({ from: mallory, to: reader, text, key });
  const opened = await openMessage(reader.device, stolen);
  expect(reader.device.transceiver.openingOf(opened)).toMatchObject({ proven: false });
});
