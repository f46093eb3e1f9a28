import { canEncrypt, isPair, type KeyWire } from '@dimp/crypto';
import {
  concatBytes,
  decodeHex,
  encodeBase64,
  encodeHex,
  isProtocolError,
  utf8Encode,
} from '@dimp/foundation';
import { ED25519_TORSION_SUBGROUP, ed25519 as noble } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { describe, expect, test } from 'vitest';
import { native as platform } from '#native/ed25519';
import { ed25519 } from '../src/ed25519.ts';
import { native as portable } from '../src/native/ed25519.default.ts';

const { Point } = noble;
const seed = decodeHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');
const point = decodeHex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
const key = ed25519.parsePrivate(wire(encodeBase64(seed)));
const data = utf8Encode('moky');

function wire(text: string): KeyWire {
  return { algorithm: 'Ed25519', data: text };
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return isProtocolError(error) ? error.code : String(error);
  }
  return undefined;
}

function little(number: bigint): Uint8Array {
  return decodeHex(number.toString(16).padStart(64, '0')).reverse();
}

function number(bytes: Uint8Array): bigint {
  return BigInt(`0x${encodeHex(Uint8Array.from(bytes).reverse())}`);
}

/** The answers of both implementations and of the key itself. */
function answers(publicKey: Uint8Array, signature: Uint8Array): unknown[] {
  return [
    platform.verifier(publicKey).verify(data, signature),
    portable.verifier(publicKey).verify(data, signature),
    ed25519.parsePublic(wire(encodeBase64(publicKey))).verify(data, signature),
  ];
}

/** Signs with chosen parts: s = r + H(R ‖ A ‖ data)·a, where R and A may carry a point of small order. */
function forge(
  commitment: InstanceType<typeof Point>,
  publicKey: Uint8Array,
  r: bigint,
): Uint8Array {
  const { scalar } = noble.utils.getExtendedPublicKey(seed);
  const R = commitment.toBytes();
  const challenge = number(sha512(concatBytes(R, publicKey, data))) % Point.Fn.ORDER;
  return concatBytes(R, little((r + challenge * scalar) % Point.Fn.ORDER));
}

describe('keys', () => {
  test('are 32 bytes in Base64, the public half derived', () => {
    expect(key.publicKey.material).toEqual(point);
    expect(key.publicKey.addressData).toEqual(point);
    expect(key.publicKey.toWire()).toEqual(wire(encodeBase64(point)));
    expect(canEncrypt(key.publicKey)).toBe(false);
    const hex = ed25519.parsePublic(wire(`hex,${encodeHex(point)}`));
    expect(isPair(key, hex)).toBe(true);
  });

  test('of wrong length are crypto/key', () => {
    for (const length of [1, 31, 33, 64]) {
      const text = encodeBase64(new Uint8Array(length).fill(9));
      expect(codeOf(() => ed25519.parsePublic(wire(text)))).toBe('crypto/key');
      expect(codeOf(() => ed25519.parsePrivate(wire(text)))).toBe('crypto/key');
    }
  });

  test('of small order, not canonical or off the curve are crypto/key', () => {
    const p = 2n ** 255n - 19n;
    const bad = [
      ...ED25519_TORSION_SUBGROUP.map((hex) => decodeHex(hex)),
      little(p), // y = 0 again
      little(p + 1n), // y = 1 again
      little(p + 3n), // y = 3 again
      little(1n | (1n << 255n)), // the neutral point with a sign
      little(2n), // no point has this y
    ];
    for (const bytes of bad) {
      expect(codeOf(() => ed25519.parsePublic(wire(encodeBase64(bytes))))).toBe('crypto/key');
    }
    expect(codeOf(() => ed25519.parsePublic(wire(encodeBase64(point))))).toBeUndefined();
  });
});

describe('signatures', () => {
  test('are those of RFC 8032 §7.1', async () => {
    const signature = decodeHex(
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155' +
        '5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    );
    expect(await key.sign(new Uint8Array())).toEqual(signature);
    expect(await portable.signer(seed)(new Uint8Array())).toEqual(signature);
    expect(portable.publicKey(seed)).toEqual(platform.publicKey(seed));
    expect(await key.publicKey.verify(new Uint8Array(), signature)).toBe(true);
  });

  test('verify on every platform', async () => {
    expect(answers(point, (await key.sign(data)) as Uint8Array)).toEqual([true, true, true]);
    expect(answers(point, forge(Point.BASE.multiply(7n), point, 7n))).toEqual([true, true, true]);
  });

  test('with s above the order do not verify: it would be a second spelling', async () => {
    const signature = (await key.sign(data)) as Uint8Array;
    const s = number(signature.subarray(32));
    const second = concatBytes(signature.subarray(0, 32), little(s + Point.Fn.ORDER));
    expect(answers(point, second)).toEqual([false, false, false]);
  });

  test('with a small-order part in R or in the key do not verify, on any platform', () => {
    const torsion = Point.fromHex(ED25519_TORSION_SUBGROUP[1] as string);
    expect(torsion.isSmallOrder()).toBe(true);
    const R = Point.BASE.multiply(7n).add(torsion);
    const signature = forge(R, point, 7n);
    // A verifier that multiplies by the cofactor takes it.
    expect(noble.verify(signature, data, point, { zip215: false })).toBe(true);
    expect(answers(point, signature)).toEqual([false, false, false]);

    const mixed = Point.fromBytes(point).add(torsion).toBytes();
    for (let r = 1n; r < 8n; r++) {
      const forged = forge(Point.BASE.multiply(r), mixed, r);
      expect(noble.verify(forged, data, mixed, { zip215: false })).toBe(true);
      const [one, two, three] = answers(mixed, forged);
      expect([two, three]).toEqual([one, one]);
    }
  });

  test('of zeros, ones and neutral points get the same answer from every platform', () => {
    const neutral = little(1n);
    for (const signature of [
      new Uint8Array(64),
      new Uint8Array(64).fill(0xff),
      concatBytes(neutral, new Uint8Array(32)),
      concatBytes(point, new Uint8Array(32)),
      concatBytes(little(2n ** 255n - 18n), new Uint8Array(32)),
    ]) {
      expect(answers(point, signature)).toEqual([false, false, false]);
    }
  });
});
