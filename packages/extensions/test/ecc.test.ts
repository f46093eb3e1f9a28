import { canEncrypt, isPair, type KeyWire } from '@dimp/crypto';
import { decodeHex, encodeHex, isProtocolError, randomBytes, utf8Encode } from '@dimp/foundation';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { native as platform } from '#native/ecc';
import { derAlgorithm, OID } from '../src/asn1/algorithm-id.ts';
import { TAG } from '../src/asn1/der-reader.ts';
import { der, derBitString, derInteger, derSequence } from '../src/asn1/der-writer.ts';
import { writePem } from '../src/asn1/pem.ts';
import { isStrictDer } from '../src/ecc/signature.ts';
import { ecc } from '../src/ecc.ts';
import { writeEccSpki } from '../src/key-formats/ecc-der.ts';
import { native as portable } from '../src/native/ecc.default.ts';
import type { Verifier } from '../src/native/verifier.ts';

const scalar = decodeHex('c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721');
const point = secp256k1.getPublicKey(scalar, false);
const compressed = secp256k1.getPublicKey(scalar, true);
const P256 = decodeHex('2a8648ce3d030107');
const data = utf8Encode('moky');

function wire(text: string, more: object = {}): KeyWire {
  return { algorithm: 'ECC', data: text, ...more };
}

function sec1(options: { curve?: Uint8Array; point?: Uint8Array; version?: number } = {}) {
  return derSequence(
    derInteger(Uint8Array.of(options.version ?? 1)),
    der(TAG.octetString, scalar),
    options.curve ? der(TAG.context0, der(TAG.oid, options.curve)) : new Uint8Array(),
    options.point ? der(TAG.context1, derBitString(options.point)) : new Uint8Array(),
  );
}

function pkcs8(inner: Uint8Array, curve = OID.secp256k1, version = 0): Uint8Array {
  return derSequence(
    derInteger(Uint8Array.of(version)),
    derAlgorithm(OID.ec, curve),
    der(TAG.octetString, inner),
  );
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return isProtocolError(error) ? error.code : String(error);
  }
  return undefined;
}

describe('public keys', () => {
  test.each([
    ['04 X Y', encodeHex(point)],
    ['X Y', encodeHex(point.subarray(1))],
    ['upper case', encodeHex(point).toUpperCase()],
    ['compressed', encodeHex(compressed)],
    ['SPKI', writePem('PUBLIC KEY', writeEccSpki(point))],
    ['SPKI of a compressed point', writePem('PUBLIC KEY', writeEccSpki(compressed))],
    ['SPKI with CRLF', `${writePem('PUBLIC KEY', writeEccSpki(point))}\n`.replaceAll('\n', '\r\n')],
  ])('are read as %s', (_name, text) => {
    const key = ecc.parsePublic(wire(text));
    expect(key.material).toEqual(point);
    expect(key.addressData).toEqual(point);
    expect(key.toWire()).toEqual(wire(text));
    expect(canEncrypt(key)).toBe(false);
  });

  test('marked as compressed make addresses of 33 bytes, but are the same key', () => {
    for (const mark of [true, 1, 'true']) {
      const key = ecc.parsePublic(wire(encodeHex(point), { compressed: mark }));
      expect(key.addressData).toEqual(compressed);
      expect(key.material).toEqual(point);
      const pair = ecc.parsePrivate(wire(encodeHex(scalar), { compressed: mark }));
      expect(pair.publicKey.addressData).toEqual(compressed);
      expect(ecc.parsePublic(pair.publicKey.toWire()).addressData).toEqual(compressed);
    }
    expect(ecc.parsePublic(wire(encodeHex(point), { compressed: false })).addressData).toEqual(
      point,
    );
  });

  test('may name their curve in any case, and no other', () => {
    for (const curve of ['SECP256k1', 'secp256k1', 'SECP256K1', null]) {
      expect(codeOf(() => ecc.parsePublic(wire(encodeHex(point), { curve })))).toBeUndefined();
    }
    for (const parse of [ecc.parsePublic, ecc.parsePrivate]) {
      const text = encodeHex(parse === ecc.parsePublic ? point : scalar);
      expect(codeOf(() => parse(wire(text, { curve: 'P-256' })))).toBe('crypto/key');
      expect(codeOf(() => parse(wire(text, { curve: 5 })))).toBe('format/field');
      expect(codeOf(() => parse(wire(text, { compressed: 'maybe' })))).toBe('format/field');
    }
  });

  test.each([
    ['a hybrid prefix', `06${encodeHex(point.subarray(1))}`],
    ['infinity', '00'],
    ['a compressed point off the curve', `02${'00'.repeat(31)}05`],
    ['a hex prefix', `0x${encodeHex(point)}`],
    [
      'SPKI of another curve',
      writePem('X', derSequence(derAlgorithm(OID.ec, P256), derBitString(point))),
    ],
    ['SPKI without curve', writePem('X', derSequence(derAlgorithm(OID.ec), derBitString(point)))],
    ['SPKI of RSA', writePem('X', derSequence(derAlgorithm(OID.rsa, null), derBitString(point)))],
    ['SPKI with more behind', writePem('X', Uint8Array.of(...writeEccSpki(point), 5, 0))],
    [
      'two sections',
      `${writePem('X', writeEccSpki(point))}\n${writePem('X', writeEccSpki(point))}`,
    ],
    ['a private key', writePem('EC PRIVATE KEY', sec1({ curve: OID.secp256k1 }))],
    ['Base64 without header', btoa(String.fromCharCode(...writeEccSpki(point)))],
  ])('of %s are crypto/key', (_name, text) => {
    expect(codeOf(() => ecc.parsePublic(wire(text)))).toBe('crypto/key');
  });

  test('are written as 130 hex digits, which every peer reads', async () => {
    const key = await ecc.generate();
    expect(key.publicKey.toWire()).toEqual({
      algorithm: 'ECC',
      data: encodeHex(key.publicKey.material),
      curve: 'SECP256k1',
      digest: 'SHA256',
    });
    expect(key.toWire()['data']).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('private keys', () => {
  test.each([
    ['hex', encodeHex(scalar)],
    ['SEC1', writePem('EC PRIVATE KEY', sec1({ curve: OID.secp256k1, point }))],
    ['SEC1 without the rest', writePem('EC PRIVATE KEY', sec1())],
    ['SEC1 with a compressed point', writePem('X', sec1({ point: compressed }))],
    ['PKCS#8', writePem('PRIVATE KEY', pkcs8(sec1({ point })))],
    ['PKCS#8 of version 1, as Python writes it', writePem('X', pkcs8(sec1(), OID.secp256k1, 1))],
  ])('are read as %s', (_name, text) => {
    const key = ecc.parsePrivate(wire(text));
    expect(isPair(key, ecc.parsePublic(wire(encodeHex(point))))).toBe(true);
    expect(key.toWire()).toEqual(wire(text));
  });

  const other = secp256k1.getPublicKey(secp256k1.utils.randomSecretKey(), false);
  test.each([
    ['zero', '00'.repeat(32)],
    ['SEC1 of another curve', writePem('X', sec1({ curve: P256 }))],
    ['SEC1 of version 2', writePem('X', sec1({ version: 2 }))],
    ['SEC1 with a foreign point', writePem('X', sec1({ point: other }))],
    ['SEC1 with an empty point', writePem('X', sec1({ point: new Uint8Array() }))],
    ['PKCS#8 of another curve', writePem('X', pkcs8(sec1(), P256))],
    ['PKCS#8 of version 2', writePem('X', pkcs8(sec1(), OID.secp256k1, 2))],
    ['a public key', writePem('X', writeEccSpki(point))],
    ['a public key in hex', encodeHex(point)],
  ])('of %s are crypto/key', (_name, text) => {
    expect(codeOf(() => ecc.parsePrivate(wire(text)))).toBe('crypto/key');
  });

  test('damaged in DER are read or crypto/key, nothing else', () => {
    const body = pkcs8(sec1({ curve: OID.secp256k1, point }));
    fc.assert(
      fc.property(fc.nat(body.length - 1), fc.nat(255), (at, value) => {
        const damaged = Uint8Array.from(body, (byte, i) => (i === at ? value : byte));
        const code = codeOf(() => ecc.parsePrivate(wire(writePem('X', damaged))));
        expect([undefined, 'crypto/key']).toContain(code);
      }),
    );
  });
});

describe('signatures', () => {
  const key = ecc.parsePrivate(wire(encodeHex(scalar)));
  const order = secp256k1.Point.Fn.ORDER;
  const verifiers = { platform: platform.verifier(point), portable: portable.verifier(point) };

  test('are deterministic, strict DER and of low s', async () => {
    for (let i = 0; i < 16; i++) {
      const bytes = randomBytes(i);
      const signature = await key.sign(bytes);
      expect(await key.sign(bytes)).toEqual(signature);
      expect(isStrictDer(signature)).toBe(true);
      expect(secp256k1.Signature.fromBytes(signature, 'der').hasHighS()).toBe(false);
    }
  });

  test('of high s verify, as peers make them', async () => {
    const { r, s } = secp256k1.Signature.fromBytes(await key.sign(data), 'der');
    const high = new secp256k1.Signature(r, order - s).toBytes('der');
    for (const verifier of Object.values(verifiers)) expect(verifier.verify(data, high)).toBe(true);
    expect(key.publicKey.verify(data, high)).toBe(true);
  });

  test('with r or s out of range do not verify', () => {
    const integer = (value: bigint) => derInteger(decodeHex(value.toString(16).padStart(64, '0')));
    for (const [r, s] of [
      [order, 1n],
      [1n, order],
      [order + 1n, 1n],
      [0n, 1n],
      [1n, 0n],
    ] as const) {
      expect(key.publicKey.verify(data, derSequence(integer(r), integer(s)))).toBe(false);
    }
  });

  test('get the same answer from both implementations, however damaged', async () => {
    const good = await key.sign(data);
    const ask = (verifier: Verifier, signature: Uint8Array) => {
      try {
        return isStrictDer(signature) && verifier.verify(data, signature);
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, value) => {
        const damaged = Uint8Array.from(good, (byte, i) => (i === at ? value : byte));
        const unchanged = damaged[at] === good[at];
        expect(ask(verifiers.platform, damaged)).toBe(unchanged);
        expect(ask(verifiers.portable, damaged)).toBe(unchanged);
      }),
    );
  });

  test('strict DER is exactly what the encoder of a pair of numbers makes', () => {
    const number = fc
      .uint8Array({ minLength: 1, maxLength: 32 })
      .filter((b) => b.some((x) => x > 0));
    fc.assert(
      fc.property(number, number, (r, s) => {
        const signature = derSequence(derInteger(r), derInteger(s));
        expect(isStrictDer(signature)).toBe(true);
        expect(isStrictDer(Uint8Array.of(...signature, 0))).toBe(false);
        expect(isStrictDer(signature.slice(0, -1))).toBe(false);
      }),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (noise) => !isStrictDer(noise)));
  });
});
