import { type Json, ProtocolError } from '@dimp/foundation';
import { describe, expect, test } from 'vitest';
import {
  type AnyKeyAlgorithm,
  type AnySymmetricAlgorithm,
  canVerify,
  type DecryptKey,
  decryptWith,
  type EncryptKey,
  encryptWith,
  ivFor,
  type KeyWire,
  keyRegistry,
  keyWire,
  openWith,
  type PublicKey,
  type Signer,
  type SymmetricKey,
  sealWith,
  signWith,
  type VerifyKey,
  verifySignature,
} from '../src/index.ts';

const bytes = Uint8Array.of(1);

/** Algorithms whose parsers do one and the same thing. */
function registryWith(parse: () => unknown) {
  const pair: AnyKeyAlgorithm = {
    kind: 'key-pair',
    name: 'ODD',
    generate: parse,
    parsePrivate: parse,
    parsePublic: parse,
  };
  const symmetric: AnySymmetricAlgorithm = {
    kind: 'symmetric',
    name: 'ODD',
    messageKey: true,
    generate: () => Promise.reject(new TypeError('wrong options')),
    parse,
  };
  return keyRegistry(pair, symmetric);
}

const wire: Json = { algorithm: 'ODD' };

describe('keys of algorithms that are not ours', () => {
  test.each([
    ['a TypeError', () => thrown(new TypeError('x'))],
    ['no error at all', () => thrown('text')],
    [
      'endless recursion',
      function deeper(): unknown[] {
        return [deeper()];
      },
    ],
    ['an error of the store', () => thrown(new ProtocolError('store/unavailable', 'x'))],
    ['a promise', () => Promise.reject(new Error('nobody waits'))],
    ['nothing', () => undefined],
    ['a text', () => 'key'],
  ] as [string, () => unknown][])(
    'are refused with crypto/key when reading them yields %s',
    async (_, parse) => {
      const keys = registryWith(parse);
      for (const read of [keys.parsePublic, keys.parsePrivate, keys.parseSymmetric]) {
        expect(() => read(wire)).toThrow(expect.objectContaining({ code: 'crypto/key' }));
      }
      // The runner fails if a rejection has been left unhandled.
      await new Promise((resolve) => setTimeout(resolve));
    },
  );

  test('keep the code with which an algorithm refuses them', () => {
    const keys = registryWith(() => thrown(new ProtocolError('format/field', 'x')));
    expect(() => keys.parsePublic(wire)).toThrow(expect.objectContaining({ code: 'format/field' }));
  });

  test('are made with the error of the algorithm, which is for the caller', async () => {
    const keys = registryWith(() => undefined);
    await expect(keys.generateSymmetric('ODD')).rejects.toThrow(TypeError);
  });
});

describe('a key that verifies', () => {
  const keyOf = (verify: () => unknown): VerifyKey => {
    const key: PublicKey = {
      algorithm: 'ODD',
      material: bytes,
      toWire: () => ({ algorithm: 'ODD' }),
    };
    Object.assign(key, { verify });
    if (!canVerify(key)) expect.unreachable();
    return key;
  };

  test('and fails has not said that the signature is wrong', async () => {
    const failures = [() => thrown(new TypeError('x')), async () => thrown(undefined)];
    for (const verify of failures) {
      await expect(
        (async () => verifySignature(keyOf(verify), bytes, bytes))(),
      ).rejects.toMatchObject({
        code: 'crypto/key',
      });
    }
  });

  test('says yes with true alone', async () => {
    expect(
      await verifySignature(
        keyOf(() => true),
        bytes,
        bytes,
      ),
    ).toBe(true);
    expect(
      await verifySignature(
        keyOf(async () => true),
        bytes,
        bytes,
      ),
    ).toBe(true);
    for (const answer of [false, undefined, 'no', {}, 1]) {
      expect(
        await verifySignature(
          keyOf(() => answer),
          bytes,
          bytes,
        ),
      ).toBe(false);
      expect(
        await verifySignature(
          keyOf(async () => answer),
          bytes,
          bytes,
        ),
      ).toBe(false);
    }
  });

  test('is asked in another thread where it can and where one says so', async () => {
    const key: VerifyKey = { ...keyOf(() => false), verifyAside: () => true };
    expect(await verifySignature(key, bytes, bytes, { aside: true })).toBe(true);
    expect(await verifySignature(key, bytes, bytes)).toBe(false);
    expect(
      await verifySignature(
        keyOf(() => true),
        bytes,
        bytes,
        { aside: true },
      ),
    ).toBe(true);
  });
});

describe('keys that are used', () => {
  /** A key all of whose methods do one and the same thing. */
  const keyOf = (run: () => unknown) =>
    ({
      algorithm: 'ODD',
      sign: run,
      encrypt: run,
      decrypt: run,
      ivFor: run,
      toWire: run,
    }) as unknown as Signer & EncryptKey & DecryptKey & SymmetricKey & { toWire(): KeyWire };
  const uses = {
    sign: ['crypto/unavailable', (run) => signWith(keyOf(run), bytes)],
    'encrypt a message key': ['crypto/key', (run) => encryptWith(keyOf(run), bytes)],
    'decrypt a message key': ['crypto/decrypt', (run) => decryptWith(keyOf(run), bytes)],
    'encrypt a content': ['crypto/key', (run) => sealWith(keyOf(run), bytes)],
    'decrypt a content': ['crypto/decrypt', (run) => openWith(keyOf(run), bytes)],
    'tell their IV': ['crypto/decrypt', (run) => ivFor(keyOf(run), {})],
    'are written': ['crypto/key', (run) => keyWire(keyOf(run))],
  } satisfies Record<string, [string, (run: () => unknown) => unknown]>;
  const failures = {
    'throws a TypeError': () => thrown(new TypeError('x')),
    'throws nothing': () => thrown(undefined),
    'throws an error of the store': () => thrown(new ProtocolError('store/unavailable', 'x')),
    'is rejected': () => Promise.reject('text'),
    'answers with nothing': () => undefined,
    'answers later with a number': async () => 5,
  };

  describe.each(Object.entries(uses))('to %s', (_, [code, use]) => {
    test.each(Object.entries(failures))('fail with one code when the key %s', async (__, run) => {
      await expect((async () => use(run))()).rejects.toMatchObject({ code });
      // The runner fails if a rejection has been left unhandled.
      await new Promise((resolve) => setTimeout(resolve));
    });
  });

  test('answer with what the key answers, at once or later', async () => {
    const sealed = { ciphertext: bytes, extra: {} };
    for (const later of [false, true]) {
      const answer = (value: unknown) => (later ? async () => value : () => value);
      expect(await signWith(keyOf(answer(bytes)), bytes)).toBe(bytes);
      expect(await encryptWith(keyOf(answer(bytes)), bytes)).toBe(bytes);
      expect(await decryptWith(keyOf(answer(bytes)), bytes)).toBe(bytes);
      expect(await openWith(keyOf(answer(bytes)), bytes)).toBe(bytes);
      expect(await sealWith(keyOf(answer(sealed)), bytes)).toEqual(sealed);
    }
    expect(
      ivFor(
        keyOf(() => bytes),
        {},
      ),
    ).toBe(bytes);
    expect(keyWire(keyOf(() => wire))).toBe(wire);
  });

  test('fail when a member of the answer throws', async () => {
    const sealed = {
      ciphertext: bytes,
      get extra() {
        return thrown(1);
      },
    };
    for (const run of [() => sealed, async () => sealed]) {
      await expect((async () => sealWith(keyOf(run), bytes))()).rejects.toMatchObject({
        code: 'crypto/key',
      });
    }
  });

  test('keep the code of a key whose service is down', async () => {
    const down = keyOf(() => thrown(new ProtocolError('crypto/unavailable', 'x')));
    await expect((async () => decryptWith(down, bytes))()).rejects.toMatchObject({
      code: 'crypto/unavailable',
    });
  });
});

function thrown(what: unknown): never {
  throw what;
}
