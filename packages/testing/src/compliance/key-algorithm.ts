import {
  type AnyKeyAlgorithm,
  canDecrypt,
  canEncrypt,
  isExportable,
  isPair,
  type KeyWire,
  keyRegistry,
  type Signer,
  samePublicKey,
} from '@dimp/crypto';
import { equalBytes, isProtocolError, randomBytes, utf8Encode } from '@dimp/foundation';
import { assert, assertCode, type TestFunction, valueOrCode } from './assert.ts';
import { assertHidden, keyWireCompliance } from './key-wire.ts';

/** Options for {@link keyAlgorithmCompliance}. */
export interface KeyComplianceOptions {
  /** Options for `generate`, such as a small key size. */
  readonly generate?: object;
}

/**
 * Registers the tests that every key pair algorithm must pass.
 *
 * @param test - how the test framework registers a test
 *
 * @example
 * ```ts
 * import { test } from 'vitest';
 * keyAlgorithmCompliance(test, sm2);
 * ```
 */
export function keyAlgorithmCompliance(
  test: TestFunction,
  algorithm: AnyKeyAlgorithm,
  options: KeyComplianceOptions = {},
): void {
  const make = async (): Promise<Signer> => algorithm.generate(options.generate);
  const first = once(make);
  const second = once(make);
  const privateWire = async (): Promise<KeyWire> => {
    const key = await first();
    assert(isExportable(key), 'a generated key must be exportable');
    return key.toWire();
  };

  test('a registry accepts the algorithm once, under its name and aliases', async () => {
    const registry = keyRegistry(algorithm);
    const wire = (await first()).publicKey.toWire();
    for (const name of [algorithm.name, ...(algorithm.aliases ?? [])]) {
      const key = registry.parsePublic({ ...wire, algorithm: name });
      assert(samePublicKey(key, (await first()).publicKey), `alias ${name} reads another key`);
      assert(key.algorithm === algorithm.name, 'a key must be named by its algorithm');
    }
    await assertCode('a second one', () => registry.with(algorithm), 'registry/duplicate');
  });

  keyWireCompliance(test, {
    role: 'public',
    secret: false,
    parse: (wire) => algorithm.parsePublic(wire),
    sample: async () => (await first()).publicKey.toWire(),
  });
  keyWireCompliance(test, {
    role: 'private',
    secret: true,
    parse: (wire) => algorithm.parsePrivate(wire),
    sample: privateWire,
  });

  test('keys are compared by material, and the halves of a pair match', async () => {
    const [one, two] = [await first(), await second()];
    const again: Signer = algorithm.parsePrivate(await privateWire());
    assert(isPair(again, one.publicKey), 'a private key read again lost its public half');
    assert(
      isPair(one, algorithm.parsePublic(one.publicKey.toWire())),
      'the halves of a pair do not match',
    );
    assert(!isPair(one, two.publicKey), 'halves of different keys match');
    assert(!isPair(two, one.publicKey), 'halves of different keys match');
  });

  test('a private key shows no secret in JSON and text', async () => {
    const secret = (await privateWire())['data'];
    assertHidden('JSON', JSON.stringify(await first()), secret);
    assertHidden('text', String(await first()), secret);
    assertHidden('the public key', JSON.stringify((await first()).publicKey.toWire()), secret);
  });

  signatureCompliance(test, first, second);
  encryptionCompliance(test, first, second);
}

function signatureCompliance(
  test: TestFunction,
  first: () => Promise<Signer>,
  second: () => Promise<Signer>,
): void {
  const data = utf8Encode('what was signed');

  test('a signature verifies, for data of any length', async () => {
    const key = await first();
    for (const length of [0, 1, 1000]) {
      const bytes = randomBytes(length);
      const valid = await answerOf(key, bytes, await key.sign(bytes));
      assert(valid === true, `the signature of ${length} bytes does not verify`);
    }
  });

  test('a signature of other data, of another key or changed in any byte does not verify', async () => {
    const key = await first();
    const signature = await key.sign(data);
    const refused = async (what: string, bytes: Uint8Array, over = data): Promise<void> => {
      assert((await answerOf(key, over, bytes)) === false, `${what} verifies`);
    };
    await refused('other data', signature, utf8Encode('what was signeD'));
    await refused('no data', signature, new Uint8Array());
    await refused('the signature of another key', await (await second()).sign(data));
    for (let i = 0; i < signature.length; i++) {
      const flipped = Uint8Array.from(signature);
      flipped[i] = (flipped[i] as number) ^ (1 << (i % 8));
      await refused(`a bit of byte ${i} flipped`, flipped);
    }
  });

  test('a signature of wrong length or random bytes gives false and does not throw', async () => {
    const key = await first();
    const signature = await key.sign(data);
    const { length } = signature;
    const wrong: Uint8Array[] = [
      new Uint8Array(),
      signature.slice(0, -1),
      signature.slice(1),
      Uint8Array.of(...signature, 0),
      Uint8Array.of(0, ...signature),
      Uint8Array.of(...signature, ...signature),
      new Uint8Array(length),
      new Uint8Array(length).fill(0xff),
      randomBytes(10_000),
    ];
    for (let i = 0; i < 64; i++) wrong.push(randomBytes(i % 2 === 0 ? length : i));
    for (const bytes of wrong) {
      const valid = await answerOf(key, data, bytes);
      assert(valid === false, `a wrong signature of ${bytes.length} bytes verifies`);
    }
  });
}

/** Verifies a signature by `verify` and by `verifyAside`, whose answers must agree. */
async function answerOf(
  { publicKey }: Signer,
  data: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const valid = await publicKey.verify(data, signature);
  const aside = (await publicKey.verifyAside?.(data, signature)) ?? valid;
  assert(aside === valid, 'verifyAside does not answer as verify');
  return valid;
}

function encryptionCompliance(
  test: TestFunction,
  first: () => Promise<Signer>,
  second: () => Promise<Signer>,
): void {
  const both = async () => {
    const key = await first();
    assert(canEncrypt(key.publicKey) === canDecrypt(key), 'only one half can encrypt or decrypt');
    return canDecrypt(key) ? { key, publicKey: key.publicKey } : undefined;
  };

  test('a key that encrypts opens what it made, up to its limit', async () => {
    const pair = await both();
    if (pair === undefined) return;
    const { maxPlaintext } = pair.publicKey;
    for (const length of [0, 1, Math.floor(maxPlaintext / 2), maxPlaintext]) {
      const plaintext = randomBytes(length);
      const opened = await pair.key.decrypt(await pair.publicKey.encrypt(plaintext));
      assert(equalBytes(opened, plaintext), `${length} bytes come back changed`);
    }
    let thrown: unknown;
    try {
      await pair.publicKey.encrypt(randomBytes(maxPlaintext + 1));
    } catch (error) {
      thrown = error;
    }
    assert(thrown instanceof RangeError, 'a plaintext above the limit must be a RangeError');
  });

  test('encrypting twice gives two ciphertexts, which another key does not open', async () => {
    const pair = await both();
    if (pair === undefined) return;
    const plaintext = randomBytes(16);
    const ciphertext = await pair.publicKey.encrypt(plaintext);
    const again = await pair.publicKey.encrypt(plaintext);
    assert(!equalBytes(ciphertext, again), 'encryption is not randomized');
    const other = await second();
    assert(canDecrypt(other), 'two keys of one algorithm have different capabilities');
    const outcome = await valueOrCode('another key', () => other.decrypt(ciphertext), [
      'crypto/decrypt',
    ]);
    assert('code' in outcome || !equalBytes(outcome.value, plaintext), 'another key opens it');
  });

  test('a wrong ciphertext gives crypto/decrypt or unusable bytes, each time the same', async () => {
    const pair = await both();
    if (pair === undefined) return;
    const plaintext = randomBytes(16);
    const ciphertext = await pair.publicKey.encrypt(plaintext);
    const wrong: Uint8Array[] = [
      new Uint8Array(),
      ciphertext.slice(1),
      Uint8Array.of(...ciphertext, 0),
    ];
    for (const fill of [0x00, 0x01, 0xff]) wrong.push(new Uint8Array(ciphertext.length).fill(fill));
    for (let i = 0; i < 16; i++) {
      wrong.push(randomBytes(ciphertext.length));
      const flipped = Uint8Array.from(ciphertext);
      const at = Math.floor((ciphertext.length * i) / 16);
      flipped[at] = (flipped[at] as number) ^ 1;
      wrong.push(flipped);
    }
    for (const bytes of wrong) {
      const open = () => valueOrCode('opening', () => pair.key.decrypt(bytes), ['crypto/decrypt']);
      const [one, two] = [await open(), await open()];
      if ('value' in one && 'value' in two) {
        assert(!equalBytes(one.value, plaintext), 'a changed ciphertext opens to the plaintext');
        assert(equalBytes(one.value, two.value), 'a wrong ciphertext opens to varying bytes');
      } else {
        assert('code' in one && 'code' in two, 'a wrong ciphertext is not refused every time');
      }
    }
  });
}

/** Creates a value at its first use and keeps it. A failure is not kept. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return async () => {
    made ??= make();
    try {
      return await made;
    } catch (error) {
      made = undefined;
      throw isProtocolError(error) ? new Error(`generate failed: ${error.code}`) : error;
    }
  };
}
