import { isProtocolError, type Json, randomBytes } from '@dimp/foundation';
import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  canDecrypt,
  canEncrypt,
  canSign,
  canVerify,
  type DecryptKey,
  type ExportableKey,
  isExportable,
  isPair,
  type Key,
  type KeyAlgorithm,
  type KeyWire,
  keyRegistry,
  type PublicKey,
  type Signer,
  type SymmetricAlgorithm,
  type SymmetricKey,
  samePrivateKey,
  samePublicKey,
  type VerifyKey,
} from '../src/index.ts';

/** A toy that signs by repeating its number: enough to test the registry without an algorithm. */
interface ToyOptions {
  readonly number?: number;
}
type ToyPrivate = Signer<'TOY'> & ExportableKey<'TOY'>;

function toyPublic(number: number, wire: KeyWire): VerifyKey<'TOY'> {
  return {
    algorithm: 'TOY',
    material: Uint8Array.of(number),
    verify: (_data, signature) => signature[0] === number,
    toWire: () => wire as KeyWire<'TOY'>,
  };
}

function toyPrivate(number: number): ToyPrivate {
  const wire: KeyWire<'TOY'> = { algorithm: 'TOY', data: number };
  return {
    algorithm: 'TOY',
    publicKey: toyPublic(number, wire),
    sign: () => Uint8Array.of(number),
    toWire: () => wire,
  };
}

const toy: KeyAlgorithm<'TOY', ToyPrivate, VerifyKey<'TOY'>, ToyOptions> = {
  kind: 'key-pair',
  name: 'TOY',
  aliases: ['TOY/1'],
  generate: ({ number = 7 } = {}) => toyPrivate(number),
  parsePrivate: (wire) => toyPrivate(wire['data'] as number),
  parsePublic: (wire) => toyPublic(wire['data'] as number, wire),
};

type BoxPrivate = Signer<'BOX'> & DecryptKey<'BOX'>;
const box: KeyAlgorithm<'BOX', BoxPrivate, VerifyKey<'BOX'>> = {
  kind: 'key-pair',
  name: 'BOX',
  generate: () => Promise.reject(new Error('not needed')),
  parsePrivate: (wire) => ({ algorithm: wire.algorithm }) as BoxPrivate,
  parsePublic: (wire) => ({ algorithm: wire.algorithm }) as VerifyKey<'BOX'>,
};

const xor: SymmetricAlgorithm<'XOR', SymmetricKey<'XOR'>> = {
  kind: 'symmetric',
  name: 'XOR',
  messageKey: true,
  generate: () => xor.parse({ algorithm: 'XOR' }),
  parse: (wire) => ({
    algorithm: 'XOR',
    encrypt: (plaintext) => ({ ciphertext: plaintext, extra: {} }),
    decrypt: (ciphertext) => ciphertext,
    equals: () => true,
    toWire: () => wire as KeyWire<'XOR'>,
  }),
};

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    if (isProtocolError(error)) return error.code;
    throw error;
  }
  return undefined;
}

describe('a key registry', () => {
  const keys = keyRegistry(toy, xor);

  test('makes and reads keys of what was registered', async () => {
    const key = await keys.generate('TOY', { number: 9 });
    expect(key.publicKey.material).toEqual(Uint8Array.of(9));
    expect(isPair(keys.parsePrivate(key.toWire()), keys.parsePublic(key.publicKey.toWire()))).toBe(
      true,
    );
    expect((await keys.generateSymmetric('XOR')).algorithm).toBe('XOR');
    expect(keys.parseSymmetric({ algorithm: 'XOR' }).algorithm).toBe('XOR');
  });

  test('finds an algorithm by alias', () => {
    expect(keys.parsePublic({ algorithm: 'TOY/1', data: 3 }).material).toEqual(Uint8Array.of(3));
  });

  test.each<[string, Json | undefined, string]>([
    ['another name', { algorithm: 'DES' }, 'unsupported/algorithm'],
    ['another case', { algorithm: 'toy' }, 'unsupported/algorithm'],
    ['a name of the prototype', { algorithm: 'constructor' }, 'unsupported/algorithm'],
    ['a symmetric key', { algorithm: 'XOR' }, 'unsupported/algorithm'],
    ['no name', {}, 'format/field'],
    ['a number', { algorithm: 1 }, 'format/field'],
    ['a text', 'TOY', 'format/field'],
    ['a list', [], 'format/field'],
    ['null', null, 'format/field'],
    ['nothing', undefined, 'format/field'],
    ['an inherited name', Object.create({ algorithm: 'TOY' }) as Json, 'format/field'],
  ])('refuses %s where a key pair is asked for', (_name, wire, code) => {
    expect(codeOf(() => keys.parsePublic(wire))).toBe(code);
    expect(codeOf(() => keys.parsePrivate(wire))).toBe(code);
  });

  test('does not take a key pair for a symmetric key', () => {
    expect(codeOf(() => keys.parseSymmetric({ algorithm: 'TOY' }))).toBe('unsupported/algorithm');
    expect(codeOf(() => keys.parseSymmetric({ algorithm: 'DES'.repeat(100) }))).toBe(
      'unsupported/algorithm',
    );
  });

  test('refuses an unknown name at run time too', async () => {
    await expect(keys.generate('DES' as 'TOY')).rejects.toMatchObject({
      code: 'unsupported/algorithm',
    });
  });

  test('takes a name or alias once', () => {
    expect(codeOf(() => keyRegistry(toy, toy))).toBe('registry/duplicate');
    expect(codeOf(() => keyRegistry(toy, { ...box, name: 'TOY/1' as 'BOX' }))).toBe(
      'registry/duplicate',
    );
    expect(codeOf(() => keys.with(xor))).toBe('registry/duplicate');
  });

  test('is frozen: extending it makes another one', () => {
    const more = keys.with(box);
    expect(more.parsePublic({ algorithm: 'BOX' }).algorithm).toBe('BOX');
    expect(codeOf(() => keys.parsePublic({ algorithm: 'BOX' }))).toBe('unsupported/algorithm');
    expect(keys.algorithms).toEqual([toy, xor]);
    expect(more.algorithms).toEqual([toy, xor, box]);
    expect(Object.isFrozen(keys) && Object.isFrozen(keys.algorithms)).toBe(true);
  });

  test('says which keys may be message keys', () => {
    const open = keyRegistry({ ...xor, messageKey: false });
    expect(keys.allowsMessageKey('XOR')).toBe(true);
    expect(open.allowsMessageKey('XOR')).toBe(false);
    expect(keys.allowsMessageKey('TOY')).toBe(false);
    expect(keys.allowsMessageKey('DES')).toBe(false);
  });

  test('knows its keys at compile time', async () => {
    const all = keyRegistry(toy, xor).with(box);
    expectTypeOf(all.generate<'TOY'>).returns.resolves.toEqualTypeOf<ToyPrivate>();
    expectTypeOf(all.generate<'BOX'>).returns.resolves.toEqualTypeOf<BoxPrivate>();
    expectTypeOf(all.parsePrivate).returns.toEqualTypeOf<ToyPrivate | BoxPrivate>();
    expectTypeOf(all.parseSymmetric).returns.toEqualTypeOf<SymmetricKey<'XOR'>>();
    const key = await all.generate('TOY');
    // @ts-expect-error a TOY key cannot decrypt
    expect(key.decrypt).toBeUndefined();
    const wrong = [
      // @ts-expect-error no such algorithm
      () => all.generate('DES'),
      // @ts-expect-error a symmetric algorithm makes no pairs
      () => all.generate('XOR'),
      // @ts-expect-error a key pair algorithm makes no symmetric keys
      () => all.generateSymmetric('TOY'),
      // @ts-expect-error no such option
      () => all.generate('TOY', { bits: 5 }),
    ];
    expect(wrong).toHaveLength(4);
  });
});

describe('capabilities', () => {
  const full: Key = {
    algorithm: 'X',
    sign: () => randomBytes(1),
    verify: () => true,
    encrypt: () => randomBytes(1),
    decrypt: () => randomBytes(1),
    maxPlaintext: 5,
    publicKey: {},
    toWire: () => ({ algorithm: 'X' }),
  } as Key;

  test('are seen by what a key has', () => {
    for (const can of [canSign, canVerify, canEncrypt, canDecrypt, isExportable]) {
      expect(can(full)).toBe(true);
      expect(can({ algorithm: 'X' })).toBe(false);
    }
    expect(canSign({ algorithm: 'X', sign: true } as Key)).toBe(false);
    // A symmetric key encrypts, too, but is not a public key.
    const symmetric = xor.parse({ algorithm: 'XOR' });
    expect(canEncrypt(symmetric)).toBe(false);
    expect(canDecrypt(symmetric)).toBe(false);
  });

  test('compare by material and algorithm, never by JSON (spec §2.6)', () => {
    const [one, same, other] = [toyPrivate(1), toyPrivate(1), toyPrivate(2)];
    expect(samePublicKey(one.publicKey, toyPublic(1, { algorithm: 'TOY', x: 1 }))).toBe(true);
    expect(samePublicKey(one.publicKey, other.publicKey)).toBe(false);
    const box: PublicKey = { ...one.publicKey, algorithm: 'BOX' };
    expect(samePublicKey(one.publicKey, box)).toBe(false);
    expect(samePrivateKey(one, same)).toBe(true);
    expect(samePrivateKey(one, other)).toBe(false);
    expect(isPair(one, same.publicKey)).toBe(true);
    expect(isPair(one, other.publicKey)).toBe(false);
  });
});
