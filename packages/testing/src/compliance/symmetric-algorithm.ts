import {
  type AnySymmetricAlgorithm,
  type KeyWire,
  keyRegistry,
  type SymmetricKey,
} from '@dimp/crypto';
import { equalBytes, type JsonObject, randomBytes } from '@dimp/foundation';
import { assert, assertCode, type TestFunction, valueOrCode } from './assert.ts';
import { assertHidden, keyWireCompliance, needsData } from './key-wire.ts';

/** Lengths around block borders. */
const LENGTHS = [0, 1, 15, 16, 17, 31, 32, 33, 1000, 65_536];

/**
 * Registers the tests that every symmetric algorithm must pass. An algorithm without key material, such as PLAIN, is
 * not tested for secrecy, but must say that it is not a message key.
 *
 * @param test - how the test framework registers a test
 */
export function symmetricAlgorithmCompliance(
  test: TestFunction,
  algorithm: AnySymmetricAlgorithm,
): void {
  const make = async (): Promise<SymmetricKey> => algorithm.generate();
  const read = (wire: KeyWire): SymmetricKey => algorithm.parse(wire);
  const hasSecret = async (): Promise<boolean> => needsData((await make()).toWire());

  test('a registry accepts the algorithm once, under its name and aliases', async () => {
    const registry = keyRegistry(algorithm);
    const key = await make();
    for (const name of [algorithm.name, ...(algorithm.aliases ?? [])]) {
      const again = registry.parseSymmetric({ ...key.toWire(), algorithm: name });
      assert(key.equals(again), `alias ${name} reads another key`);
      assert(again.algorithm === algorithm.name, 'a key must be named by its algorithm');
      assert(registry.allowsMessageKey(name) === algorithm.messageKey, 'messageKey is not kept');
    }
    await assertCode('a second one', () => registry.with(algorithm), 'registry/duplicate');
  });

  keyWireCompliance(test, {
    role: 'symmetric',
    secret: true,
    parse: read,
    sample: async () => (await make()).toWire(),
  });

  test('an algorithm without a secret is not a message key', async () => {
    assert((await hasSecret()) || !algorithm.messageKey, 'a key without secret must be refused');
  });

  test('keys are compared by their secret', async () => {
    const [one, two] = [await make(), await make()];
    assert(one.equals(read(one.toWire())), 'a key read again is another one');
    assert(one.equals(one), 'a key is not itself');
    if (await hasSecret()) assert(!one.equals(two), 'two new keys are equal');
  });

  test('a plaintext of any length comes back, with the extra members sent as JSON', async () => {
    const key = await make();
    for (const length of LENGTHS) {
      const plaintext = randomBytes(length);
      const before = Uint8Array.from(plaintext);
      const { ciphertext, extra } = await key.encrypt(plaintext);
      const sent = JSON.parse(JSON.stringify(extra)) as JsonObject;
      const opened = await read(key.toWire()).decrypt(ciphertext, sent);
      assert(equalBytes(opened, before), `${length} bytes come back changed`);
      assert(equalBytes(plaintext, before), 'encrypting changed the plaintext in place');
    }
  });

  test('encrypting twice gives two ciphertexts', async () => {
    if (!(await hasSecret())) return;
    const key = await make();
    const plaintext = new Uint8Array(64);
    const [one, two] = [await key.encrypt(plaintext), await key.encrypt(plaintext)];
    assert(!equalBytes(one.ciphertext, two.ciphertext), 'encryption is not randomized');
  });

  test('a wrong key, ciphertext or extra member gives crypto/decrypt or other bytes', async () => {
    if (!(await hasSecret())) return;
    const key = await make();
    const plaintext = randomBytes(40);
    const { ciphertext, extra } = await key.encrypt(plaintext);
    const refused = async (what: string, open: () => Uint8Array | Promise<Uint8Array>) => {
      const outcome = await valueOrCode(what, open, ['crypto/decrypt']);
      assert('code' in outcome || !equalBytes(outcome.value, plaintext), `${what} opens it`);
    };
    for (let i = 0; i < 16; i++) {
      const other = await make();
      await refused('another key', () => other.decrypt(ciphertext, extra));
    }
    for (let length = 0; length < ciphertext.length; length++) {
      await refused('a cut ciphertext', () => key.decrypt(ciphertext.slice(0, length), extra));
    }
    for (let i = 0; i < 64; i++) {
      await refused('a random ciphertext', () => key.decrypt(randomBytes(i), extra));
    }
    for (const name of Object.keys(extra)) {
      for (const value of [undefined, null, '', '!', 5, [], {}, 'AAAA', '{', 'A'.repeat(1000)]) {
        await refused(`${name} changed`, () =>
          key.decrypt(ciphertext, { ...extra, [name]: value }),
        );
      }
    }
  });

  test('a key that authenticates opens no altered ciphertext, and every key of the algorithm says so', async () => {
    const key = await make();
    const again = read(key.toWire());
    assert(key.authenticates === again.authenticates, 'keys have different capabilities');
    if (key.authenticates !== true) return;
    const associated = randomBytes(20);
    const { ciphertext, extra } = await key.encrypt(new Uint8Array(5), {}, associated);
    assert(
      equalBytes(await again.decrypt(ciphertext, extra, associated), new Uint8Array(5)),
      'it does not open with the same associated data',
    );
    for (const other of [undefined, new Uint8Array(), randomBytes(20), associated.slice(1)]) {
      await assertCode(
        'other associated data',
        () => key.decrypt(ciphertext, extra, other),
        'crypto/decrypt',
      );
    }
    for (let i = 0; i < ciphertext.length; i++) {
      const changed = Uint8Array.from(ciphertext);
      changed[i] = (changed[i] ?? 0) ^ 1;
      await assertCode(
        'a changed ciphertext',
        () => key.decrypt(changed, extra, associated),
        'crypto/decrypt',
      );
    }
  });

  test('a key that does not authenticate reports the IV it will use', async () => {
    const key = await make();
    const { extra } = await key.encrypt(new Uint8Array(5));
    if (key.ivFor === undefined || key.authenticates === true) return;
    const iv = key.ivFor(extra);
    assert(equalBytes(iv, read(key.toWire()).ivFor?.(extra) ?? new Uint8Array()), 'IVs differ');
    const { ciphertext } = await key.encrypt(new Uint8Array(64), extra);
    const repeated = await key.encrypt(new Uint8Array(64), extra);
    assert(equalBytes(ciphertext, repeated.ciphertext), 'a given IV is not used');
  });

  test('a key shows no secret in JSON and text', async () => {
    const key = await make();
    const secret = key.toWire()['data'];
    assertHidden('JSON', JSON.stringify(key), secret);
    assertHidden('text', String(key), secret);
  });
}
