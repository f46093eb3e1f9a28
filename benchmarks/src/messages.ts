import { Messenger } from '@dimp/client';
import { isWaiting } from '@dimp/core';
import type { ReliableMessage } from '@dimp/dkd';
import { Text } from '@dimp/extensions/contents';
import { randomBytes } from '@dimp/foundation';
import { introduce, KINDS, type Kind, newPerson, type Person } from './people.ts';
import type { Primitives } from './primitives.ts';
import type { Bench, Suite } from './suite.ts';

/**
 * Lengths of the text. A megabyte of text makes a message of 1.4 MB, above the limit of 1 MiB that every reader has
 * (spec §14.7): 750,000 bytes are what fits.
 */
const SIZES: readonly (readonly [name: string, bytes: number])[] = [
  ['100B', 100],
  ['10KB', 10_000],
  ['750KB', 750_000],
];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Packing and unpacking, against the cryptography that no implementation gets around. */
export const messages: Suite = async (bench, primitives) => {
  for (const kind of KINDS) {
    const alice = await newPerson(kind);
    const bob = await newPerson(kind);
    await introduce(alice, bob);
    const bare = await bareOf(primitives, kind, alice, bob);
    for (const [size, bytes] of SIZES) {
      await packing(bench, primitives, bare, { alice, bob, bytes, label: `${kind.name}/${size}` });
      await unpacking(bench, primitives, bare, {
        alice,
        bob,
        bytes,
        label: `${kind.name}/${size}`,
      });
    }
  }
};

interface Case {
  readonly alice: Person;
  readonly bob: Person;
  /** Length of the text. */
  readonly bytes: number;
  readonly label: string;
}

type Bare = Awaited<ReturnType<typeof bareOf>>;

async function packing(bench: Bench, primitives: Primitives, bare: Bare, each: Case) {
  const { alice, bob, bytes, label } = each;
  const draft = Text.create({ text: sampleText(bytes) });
  const plaintext = samplePlaintext(bytes);
  const content = JSON.parse(decoder.decode(plaintext));
  const cipher = await primitives.cipher(randomBytes(32));
  const { keyCache } = alice.messenger.transceiver;
  // The key of a first message is made, wrapped for the receiver, and used.
  const first = async (text: Uint8Array) => {
    const key = randomBytes(32);
    const sealed = await (await primitives.cipher(key)).encrypt(text, randomBytes(16));
    return [sealed, await bare.sign(sealed), await bare.wrap(key)] as const;
  };
  const following = async (text: Uint8Array) => {
    const sealed = await cipher.encrypt(text, randomBytes(16));
    return [sealed, await bare.sign(sealed)] as const;
  };
  const withCodec = (work: (text: Uint8Array) => Promise<readonly Uint8Array[]>) => async () =>
    (await work(encoder.encode(JSON.stringify(content)))).map(primitives.toBase64);
  await bench.compare(
    `pack/first/${label}`,
    () => {
      keyCache.rotate(alice.id, bob.id);
      return alice.messenger.pack(draft, bob.id);
    },
    { bare: () => first(plaintext), codec: withCodec(first) },
  );
  await bench.compare(`pack/following/${label}`, () => alice.messenger.pack(draft, bob.id), {
    bare: () => following(plaintext),
    codec: withCodec(following),
  });
}

async function unpacking(bench: Bench, primitives: Primitives, bare: Bare, each: Case) {
  const { alice, bob, bytes, label } = each;
  const draft = Text.create({ text: sampleText(bytes) });
  const wire = alice.messenger.serialize(await packed(alice, bob, draft));
  const [key, iv] = [randomBytes(32), randomBytes(16)];
  const cipher = await primitives.cipher(key);
  const ciphertext = await cipher.encrypt(samplePlaintext(bytes), iv);
  const signature = await bare.sign(ciphertext);
  const wrapped = await bare.wrap(key);
  const texts = [ciphertext, signature, wrapped].map(primitives.toBase64);
  // A new messenger has no state.
  const stranger = () => new Messenger({ facebook: bob.facebook });
  const remembering = stranger();
  await remembering.unpack(wire);
  const first = async () => {
    await bare.verify(ciphertext, signature);
    await bare.unwrap(wrapped);
    return (await primitives.cipher(key)).decrypt(ciphertext, iv);
  };
  const following = async () => {
    await bare.verify(ciphertext, signature);
    return cipher.decrypt(ciphertext, iv);
  };
  const withCodec = (work: () => Promise<Uint8Array>) => async () => {
    JSON.parse(decoder.decode(wire));
    for (const text of texts) primitives.fromBase64(text);
    return JSON.parse(decoder.decode(await work()));
  };
  await bench.compare(`unpack/first/${label}`, () => stranger().unpack(wire), {
    bare: first,
    codec: withCodec(first),
  });
  await bench.compare(`unpack/following/${label}`, () => remembering.unpack(wire), {
    bare: following,
    codec: withCodec(following),
  });
}

async function bareOf(primitives: Primitives, { algorithm }: Kind, alice: Person, bob: Person) {
  return {
    sign: await primitives.signer(algorithm, alice.identity),
    verify: await primitives.verifier(algorithm, alice.material),
    wrap: await primitives.rsaEncrypt(bob.visaSpki),
    unwrap: await primitives.rsaPrivate(bob.visa),
  };
}

async function packed(
  from: Person,
  to: Person,
  draft: ReturnType<typeof Text.create>,
): Promise<ReliableMessage> {
  const message = await from.messenger.pack(draft, to.id);
  if (isWaiting(message))
    throw new Error('the message waits for an identity, which should be known');
  return message;
}

/** Words, line ends and quotes, so that JSON has something to escape. */
function sampleText(bytes: number): string {
  const line = 'Somebody said: "a line of ordinary text, neither long nor short."\n';
  return line.repeat(Math.ceil(bytes / line.length)).slice(0, bytes);
}

/** A content with this text before it is encrypted. */
function samplePlaintext(bytes: number): Uint8Array {
  const receiver = 'bench@4YeVEN3aUnvC1DNUufCq1bs9zoBSJTzVEj';
  const content = { time: 1.5e9 + 0.123, type: 1, sn: 2 ** 30, text: sampleText(bytes), receiver };
  return encoder.encode(JSON.stringify(content));
}
