import { isPair, type KeyWire, samePublicKey } from '@dimp/crypto';
import {
  encodeBase64,
  equalBytes,
  isProtocolError,
  ProtocolError,
  randomBytes,
  utf8Encode,
} from '@dimp/foundation';
import * as fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { native as platform } from '#native/rsa';
import { derAlgorithm, OID } from '../src/asn1/algorithm-id.ts';
import { der, derBitString, derInteger, derSequence } from '../src/asn1/der-writer.ts';
import { readPem, writePem } from '../src/asn1/pem.ts';
import { readPrivateDer, writePkcs1, writePkcs8, writeSpki } from '../src/key-formats/rsa-der.ts';
import type { RsaPrivateNumbers } from '../src/key-formats/rsa-numbers.ts';
import { native as portable } from '../src/native/rsa.default.ts';
import { pad, unpad } from '../src/padding/rsa-pkcs1.ts';
import { type RsaPrivateKey, rsa } from '../src/rsa.ts';

const key = await rsa.generate({ bits: 1024 });
const numbers = numbersOf(key);
const data = utf8Encode('moky');

function numbersOf(from: RsaPrivateKey): RsaPrivateNumbers {
  return readPrivateDer(readPem(from.toWire()['data'] as string)[0] as Uint8Array);
}

function wire(text: string): KeyWire {
  return { algorithm: 'RSA', data: text };
}

function pkcs1Public(modulus: Uint8Array, exponent: Uint8Array): Uint8Array {
  return derSequence(derInteger(modulus), derInteger(exponent));
}

function expectKeyError(run: () => unknown): void {
  let thrown: unknown;
  try {
    run();
  } catch (error) {
    thrown = error;
  }
  expect(isProtocolError(thrown, 'crypto/key')).toBe(true);
}

afterEach(() => void vi.unstubAllGlobals());

describe('public keys', () => {
  const spki = writeSpki(numbers);
  const pkcs1 = pkcs1Public(numbers.modulus, numbers.publicExponent);

  test.each([
    ['SPKI', writePem('PUBLIC KEY', spki)],
    ['SPKI under the other header', writePem('RSA PUBLIC KEY', spki)],
    ['PKCS#1', writePem('RSA PUBLIC KEY', pkcs1)],
    ['PKCS#1 under the other header', writePem('PUBLIC KEY', pkcs1)],
    ['CRLF', writePem('PUBLIC KEY', spki).replaceAll('\n', '\r\n')],
    ['one line', `-----BEGIN PUBLIC KEY-----\n${encodeBase64(pkcs1)}\n-----END PUBLIC KEY-----`],
    ['no line ends', `-----BEGIN PUBLIC KEY-----${encodeBase64(spki)}-----END PUBLIC KEY-----`],
    ['no header', encodeBase64(spki)],
    ['no header, PKCS#1', encodeBase64(pkcs1)],
  ])('are read as %s', (_name, text) => {
    const read = rsa.parsePublic(wire(text));
    expect(read.material).toEqual(spki);
    expect(samePublicKey(read, key.publicKey)).toBe(true);
    expect(read.toWire()).toEqual(wire(text));
  });

  test('are written as SPKI in lines of 64, with the size for all but 1,024 bits', async () => {
    expect(key.publicKey.toWire()).toEqual({
      algorithm: 'RSA',
      data: writePem('PUBLIC KEY', spki),
      mode: 'ECB',
      padding: 'PKCS1',
      digest: 'SHA256',
    });
    const large = await rsa.generate();
    expect(large.publicKey.bits).toBe(2048);
    expect(large.publicKey.toWire()['keySize']).toBe(256);
    expect(large.toWire()['keySize']).toBe(256);
    expect(large.publicKey.maxPlaintext).toBe(245);
    expect('addressData' in large.publicKey).toBe(false);
  });

  const odd = (length: number, first = 0x80) => {
    const modulus = new Uint8Array(length).fill(0x55);
    modulus[0] = first;
    return modulus;
  };
  test.each([
    ['512 bits', odd(64), [1, 0, 1]],
    ['1,022 bits', odd(128, 0x3f), [1, 0, 1]],
    ['4,104 bits', odd(513), [1, 0, 1]],
    ['4,097 bits', odd(513, 0x01), [1, 0, 1]],
    ['8,192 bits', odd(1024), [1, 0, 1]],
    ['an even modulus', odd(128).fill(0xfe, 127), [1, 0, 1]],
    ['exponent 1', odd(128), [1]],
    ['exponent 2', odd(128), [2]],
    ['exponent 0', odd(128), [0]],
    ['an even exponent', odd(128), [1, 0, 0]],
    ['exponent 65,539', odd(128), [1, 0, 3]],
    ['an exponent of 32 bits', odd(128), [0xff, 0xff, 0xff, 0xff]],
    ['an exponent of 40 bits', odd(128), [1, 0, 0, 0, 1]],
  ])('with %s are crypto/key in every spelling', (_name, modulus, exponent) => {
    const publicExponent = Uint8Array.from(exponent);
    const spki = writeSpki({ modulus, publicExponent });
    const spellings = [
      encodeBase64(pkcs1Public(modulus, publicExponent)),
      writePem('RSA PUBLIC KEY', pkcs1Public(modulus, publicExponent)),
      encodeBase64(spki),
      writePem('PUBLIC KEY', spki),
    ];
    for (const text of spellings) expectKeyError(() => rsa.parsePublic(wire(text)));
  });

  test.each([
    ['exponent 3', [3]],
    ['exponent 17', [17]],
    ['exponent 65,537', [1, 0, 1]],
  ])('of 4,096 bits with %s are read', (_name, exponent) => {
    const body = pkcs1Public(odd(512), Uint8Array.from(exponent));
    expect(rsa.parsePublic(wire(encodeBase64(body))).bits).toBe(4096);
  });

  test('of more than 2,048 bits verify, whether in another thread or not', async () => {
    const large = await rsa.generate({ bits: 2304 });
    const signature = await large.sign(data);
    const read = rsa.parsePublic(large.publicKey.toWire());
    expect(await read.verify(data, signature)).toBe(true);
    expect(await read.verify(utf8Encode('other'), signature)).toBe(false);
    expect(await read.verify(data, new Uint8Array(288))).toBe(false);
    expect(await read.verify(data, new Uint8Array(288).fill(0xff))).toBe(false);
  });

  test('of 1,023 bits are read: some generators make every second key so', () => {
    const body = pkcs1Public(odd(128, 0x40), Uint8Array.of(3));
    expect(rsa.parsePublic(wire(encodeBase64(body))).bits).toBe(1023);
  });

  const bits = derBitString(pkcs1);
  const pss = Uint8Array.from([...OID.rsa.slice(0, -1), 0x0a]);
  test.each([
    ['a private key', writePkcs1(numbers)],
    ['a private key in PKCS#8', writePkcs8(numbers)],
    ['trailing bytes', Uint8Array.of(...spki, 0)],
    ['a third number', derSequence(derInteger(numbers.modulus), der(2, Uint8Array.of(3)), der(5))],
    ['the algorithm of another kind of key', derSequence(derAlgorithm(OID.ec, null), bits)],
    ['the algorithm RSASSA-PSS', derSequence(derAlgorithm(pss, null), bits)],
    ['strange parameters', derSequence(derAlgorithm(OID.rsa, OID.secp256k1), bits)],
  ])('made of %s are crypto/key', (_name, body) => {
    expectKeyError(() => rsa.parsePublic(wire(writePem('PUBLIC KEY', body))));
  });

  test('that the platform refuses are crypto/key, not a wrong signature', async () => {
    const refused = new ProtocolError('crypto/key', 'key is refused by the platform');
    const { encrypt } = platform.publicKey(numbers);
    const verify = vi
      .fn()
      .mockImplementationOnce(() => {
        throw refused;
      })
      .mockRejectedValueOnce(refused)
      .mockRejectedValueOnce(new Error('signature of a wrong form'));
    vi.spyOn(platform, 'publicKey').mockReturnValueOnce({ verify, encrypt });
    const read = rsa.parsePublic(key.publicKey.toWire());
    const signature = await key.sign(data);
    const outcome = async (): Promise<boolean> => read.verify(data, signature);
    await expect(outcome()).rejects.toBe(refused);
    await expect(outcome()).rejects.toBe(refused);
    expect(await outcome()).toBe(false);
  });

  test('are refused when a private key stands in the same text', () => {
    const both = `${writePem('PUBLIC KEY', spki)}\n${key.toWire()['data'] as string}`;
    expectKeyError(() => rsa.parsePublic(wire(both)));
    expect(isPair(rsa.parsePrivate(wire(both)), key.publicKey)).toBe(true);
  });

  test('of random or damaged DER give a key or crypto/key, nothing else', () => {
    const damaged = fc
      .tuple(fc.nat(spki.length - 1), fc.nat(255))
      .map(([at, value]) => Uint8Array.from(spki, (byte, i) => (i === at ? value : byte)));
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 300 })), (body) => {
        try {
          rsa.parsePublic(wire(writePem('PUBLIC KEY', body)));
        } catch (error) {
          expect(isProtocolError(error, 'crypto/key')).toBe(true);
        }
      }),
    );
  });
});

describe('private keys', () => {
  test.each([
    ['PKCS#1', writePem('RSA PRIVATE KEY', writePkcs1(numbers))],
    ['PKCS#8', writePem('PRIVATE KEY', writePkcs8(numbers))],
    ['PKCS#8 under the other header', writePem('RSA PRIVATE KEY', writePkcs8(numbers))],
    ['no header', encodeBase64(writePkcs1(numbers))],
  ])('are read as %s', (_name, text) => {
    const read = rsa.parsePrivate(wire(text));
    expect(isPair(read, key.publicKey)).toBe(true);
    expect(read.toWire()).toEqual(wire(text));
  });

  test('are written as PKCS#1', () => {
    expect(key.toWire()['data']).toBe(writePem('RSA PRIVATE KEY', writePkcs1(numbers)));
  });

  test('with any number changed are crypto/key', () => {
    for (const name of Object.keys(numbers) as (keyof RsaPrivateNumbers)[]) {
      const changed = Uint8Array.from(numbers[name]);
      changed[changed.length - 1] = (changed.at(-1) as number) ^ 2;
      const body = writePkcs1({ ...numbers, [name]: changed });
      expectKeyError(() => rsa.parsePrivate(wire(encodeBase64(body))));
    }
  });

  test('of more bits or with a larger exponent than a public key may have are crypto/key', () => {
    const wide = {
      modulus: new Uint8Array(1024).fill(0xff),
      publicExponent: Uint8Array.of(1, 0, 1),
    };
    const steep = { publicExponent: Uint8Array.of(0xff, 0xff, 0xff, 0xff) };
    for (const change of [wide, steep]) {
      const body = { ...numbers, ...change };
      for (const text of [
        writePem('RSA PRIVATE KEY', writePkcs1(body)),
        writePem('PRIVATE KEY', writePkcs8(body)),
      ]) {
        expectKeyError(() => rsa.parsePrivate(wire(text)));
      }
    }
  });

  test.each([
    ['a factor of one', { prime1: numbers.modulus, prime2: Uint8Array.of(1) }],
    ['a zero factor', { prime1: Uint8Array.of(0) }],
    ['a huge exponent', { privateExponent: new Uint8Array(4000).fill(0xff) }],
  ])('with %s are crypto/key', (_name, change) => {
    const body = writePkcs1({ ...numbers, ...change });
    expectKeyError(() => rsa.parsePrivate(wire(encodeBase64(body))));
  });

  test('of more than two primes or an unknown version are crypto/key', () => {
    const body = writePkcs1(numbers);
    // The head of the sequence takes four bytes, that of the version two.
    expect(body.subarray(4, 7)).toEqual(Uint8Array.of(2, 1, 0));
    body[6] = 1;
    expectKeyError(() => rsa.parsePrivate(wire(encodeBase64(body))));
  });

  test('without data are format/field: a reader must not invent a key', () => {
    for (const data of [undefined, null, '', 5, {}]) {
      let thrown: unknown;
      try {
        rsa.parsePrivate({ algorithm: 'RSA', data });
      } catch (error) {
        thrown = error;
      }
      expect(isProtocolError(thrown, 'format/field')).toBe(true);
    }
  });

  test('of unacceptable size are a RangeError for who asks for them', async () => {
    for (const bits of [512, 1023, 1025, 4104, 8192, Number.NaN, 2048.5]) {
      await expect(rsa.generate({ bits })).rejects.toBeInstanceOf(RangeError);
    }
  });
});

describe('padding', () => {
  const synthetic = Uint8Array.from({ length: 132 }, (_, i) => (i < 128 ? 0x5a : 0x80));
  /** The length that the synthetic bytes above stand for: 0x80808080 of 118 possible lengths. */
  const rejected = new Uint8Array(59).fill(0x5a);

  test('comes off for every length of plaintext', () => {
    for (let length = 0; length <= 117; length++) {
      const plaintext = randomBytes(length);
      const block = pad(plaintext, 128);
      expect(block.subarray(2, 127 - length).includes(0)).toBe(false);
      expect(unpad(block, synthetic)).toEqual(plaintext);
    }
  });

  test('that is wrong yields the synthetic plaintext', () => {
    const good = () => pad(utf8Encode('secret'), 128);
    const cases: [string, Uint8Array][] = [
      ['first byte not zero', good().fill(1, 0, 1)],
      ['block type 1', good().fill(1, 1, 2)],
      ['no separator', good().fill(9, 2)],
      ['seven padding bytes', good().fill(0, 9, 10)],
      ['no padding bytes', good().fill(0, 2, 3)],
      ['all zero', new Uint8Array(128)],
      ['all ones', new Uint8Array(128).fill(0xff)],
    ];
    for (const [name, block] of cases) expect(unpad(block, synthetic), name).toEqual(rejected);
    expect(unpad(good().fill(0, 10, 11), synthetic)).not.toEqual(rejected);
  });

  test('synthetic lengths cover all that could be, and no more', () => {
    const bad = new Uint8Array(128);
    const end = (...tail: number[]) => Uint8Array.from([...new Uint8Array(128), ...tail]);
    expect(unpad(bad, end(0, 0, 0, 0))).toHaveLength(0);
    expect(unpad(bad, end(0xff, 0xff, 0xff, 0xff))).toHaveLength(117);
  });
});

describe('decryption', () => {
  test('of garbage gives the same bytes each time, and others under another key', async () => {
    const other = await rsa.generate({ bits: 1024 });
    const again = rsa.parsePrivate(key.toWire());
    const lengths = new Set<number>();
    let equal = 0;
    for (let i = 0; i < 32; i++) {
      const garbage = randomBytes(128).fill(0, 0, 1);
      const bytes = key.decrypt(garbage) as Uint8Array;
      expect(again.decrypt(garbage)).toEqual(bytes);
      if (equalBytes(other.decrypt(garbage) as Uint8Array, bytes)) equal += 1;
      lengths.add(bytes.length);
    }
    expect(lengths.size).toBeGreaterThan(8);
    expect(equal).toBeLessThan(3); // two empty texts may meet
  });

  test('of a wrong length or a number not below the modulus is crypto/decrypt', () => {
    const wrong = [
      new Uint8Array(),
      new Uint8Array(127),
      new Uint8Array(129),
      numbers.modulus,
      new Uint8Array(128).fill(0xff),
    ];
    for (const ciphertext of wrong) {
      let thrown: unknown;
      try {
        key.decrypt(ciphertext);
      } catch (error) {
        thrown = error;
      }
      expect(isProtocolError(thrown, 'crypto/decrypt')).toBe(true);
    }
  });
});

describe('the portable implementation', () => {
  const here = { private: platform.privateKey(numbers), public: platform.publicKey(numbers) };
  const there = { private: portable.privateKey(numbers), public: portable.publicKey(numbers) };

  test('signs the same bytes and verifies the same signatures', async () => {
    const signature = await here.private.sign(data);
    expect(await there.private.sign(data)).toEqual(signature);
    expect(await there.public.verify(data, signature)).toBe(true);
    expect(await there.public.verify(data, signature.fill(0, 5, 6))).toBe(
      await here.public.verify(data, signature),
    );
  });

  test('computes the same raw blocks, also at the borders', () => {
    const last = Uint8Array.from(numbers.modulus);
    last[127] = (last[127] as number) - 1;
    const blocks = [randomBytes(128).fill(0, 0, 1), new Uint8Array(128).fill(1, 127), last];
    for (const block of blocks)
      expect(there.private.apply(block)).toEqual(here.private.apply(block));
    expect(there.private.apply(new Uint8Array(128))).toEqual(new Uint8Array(128));
  });

  test('opens what the other encrypted', () => {
    const plaintext = utf8Encode('{"algorithm":"AES"}');
    const synthetic = new Uint8Array(132);
    for (const [one, two] of [
      [here, there],
      [there, here],
    ] as const) {
      expect(unpad(two.private.apply(one.public.encrypt(plaintext)), synthetic)).toEqual(plaintext);
    }
  });

  test('derives the same synthetic bytes', () => {
    const [secret, input] = [randomBytes(32), randomBytes(256)];
    expect(portable.prf(secret, input, 260)).toEqual(platform.prf(secret, input, 260));
  });

  test('generates keys that are read', async () => {
    const text = encodeBase64(await portable.generate(1024));
    expect(rsa.parsePrivate(wire(text)).publicKey.bits).toBe(1024);
  });

  test('says crypto/unavailable where a page has no WebCrypto', async () => {
    const fresh = portable.publicKey(numbers);
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) });
    const outcome = Promise.resolve(fresh.verify(data, new Uint8Array(128)));
    await expect(outcome).rejects.toMatchObject({ code: 'crypto/unavailable' });
  });
});
