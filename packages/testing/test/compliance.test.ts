import type { AnyKeyAlgorithm, KeyWire, Signer, SymmetricKey } from '@dimp/crypto';
import { aes } from '@dimp/extensions/aes';
import { ed25519 } from '@dimp/extensions/ed25519';
import { plain } from '@dimp/extensions/plain';
import { rsa } from '@dimp/extensions/rsa';
import {
  keyAlgorithmCompliance,
  symmetricAlgorithmCompliance,
  type TestFunction,
} from '@dimp/testing/compliance';
import { describe, expect, test } from 'vitest';

/** Runs a suite outside of the framework and yields the names of the tests that failed. */
async function failures(register: (test: TestFunction) => void): Promise<string[]> {
  const tests: [string, () => void | Promise<void>][] = [];
  register((name, run) => tests.push([name, run]));
  const failed: string[] = [];
  for (const [name, run] of tests) {
    try {
      await run();
    } catch {
      failed.push(name);
    }
  }
  return failed;
}

/** The algorithm with a private key, or its public half, that behaves otherwise. */
function spoil(
  algorithm: AnyKeyAlgorithm,
  change: (key: Signer) => Partial<Record<string, unknown>>,
  publicChange: object = {},
): AnyKeyAlgorithm {
  const over = (target: object, changes: object): object =>
    Object.assign(
      Object.fromEntries(
        ['sign', 'verify', 'encrypt', 'decrypt', 'toWire']
          .filter((name) => name in target)
          .map((name) => [
            name,
            (...args: unknown[]) =>
              ((target as Record<string, unknown>)[name] as (...a: unknown[]) => unknown).apply(
                target,
                args,
              ),
          ]),
      ),
      target,
      changes,
    );
  const wrap = (key: Signer): Signer =>
    over(key, { publicKey: over(key.publicKey, publicChange), ...change(key) }) as Signer;
  return {
    ...algorithm,
    generate: async (options) => wrap((await algorithm.generate(options)) as Signer),
    parsePrivate: (wire: KeyWire) => wrap(algorithm.parsePrivate(wire) as Signer),
    parsePublic: (wire: KeyWire) => over(algorithm.parsePublic(wire), publicChange),
  };
}

describe('the key suite finds', () => {
  const run = (algorithm: AnyKeyAlgorithm) =>
    failures((register) =>
      keyAlgorithmCompliance(register, algorithm, { generate: { bits: 1024 } }),
    );

  test('nothing in a good plug-in, wrapped or not', async () => {
    expect(await run(ed25519)).toEqual([]);
    expect(await run(spoil(rsa, () => ({})))).toEqual([]);
  });

  test('a verifier that accepts everything (spec §14.1 #1)', async () => {
    expect(await run(spoil(ed25519, () => ({}), { verify: () => true }))).toEqual([
      'a signature of other data, of another key or changed in any byte does not verify',
      'a signature of wrong length or random bytes gives false and does not throw',
    ]);
  });

  test('a verifier that throws', async () => {
    const verify = () => {
      throw new Error('bad signature');
    };
    expect(await run(spoil(ed25519, () => ({}), { verify }))).toHaveLength(3);
  });

  test('a decryption that tells why it failed (spec §14.2 #21)', async () => {
    const failed = await run(
      spoil(rsa, (key) => ({
        decrypt: () => {
          throw new Error(`bad padding under ${key.algorithm}`);
        },
      })),
    );
    expect(failed).toContain(
      'a wrong ciphertext gives crypto/decrypt or unusable bytes, each time the same',
    );
  });

  test('a key that shows its secret in JSON', async () => {
    const leak = (key: Signer) => ({ wire: (key as unknown as SymmetricKey).toWire() });
    expect(await run(spoil(ed25519, leak))).toEqual([
      'a private key shows no secret in JSON and text',
    ]);
  });

  test('a reader that invents a key, throws errors of its own or loses members', async () => {
    const invent = { ...ed25519, parsePrivate: () => ed25519.generate() };
    expect(await run(invent as AnyKeyAlgorithm)).toContain(
      'a private key of garbage is refused with format/field or crypto/key',
    );
    const crash: AnyKeyAlgorithm = {
      ...ed25519,
      parsePublic: (wire) =>
        ed25519.parsePublic({ ...wire, data: (wire['data'] as string).trim() }),
    };
    expect(await run(crash)).toEqual([
      'a public key of garbage is refused with format/field or crypto/key',
    ]);
    const lose: AnyKeyAlgorithm = {
      ...ed25519,
      parsePublic: ({ algorithm, data }) => ed25519.parsePublic({ algorithm, data }),
    };
    expect(await run(lose)).toEqual(['a public key keeps members that the plug-in does not know']);
  });
});

describe('the symmetric suite finds', () => {
  test('nothing in good plug-ins', async () => {
    expect(await failures((register) => symmetricAlgorithmCompliance(register, aes))).toEqual([]);
    expect(await failures((register) => symmetricAlgorithmCompliance(register, plain))).toEqual([]);
  });

  test('a key without secret that may be a message key (spec §14.2 #18)', async () => {
    const open = { ...plain, messageKey: true };
    expect(await failures((register) => symmetricAlgorithmCompliance(register, open))).toEqual([
      'an algorithm without a secret is not a message key',
    ]);
  });

  test('an IV that is always the same', async () => {
    const constant = { ...aes, generate: () => aes.generate({ iv: true }) };
    expect(
      await failures((register) => symmetricAlgorithmCompliance(register, constant)),
    ).toContain('encrypting twice gives two ciphertexts');
  });
});
