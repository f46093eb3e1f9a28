import { expect, inject } from 'vitest';

/** Tests that prove how keys are generated. */
const GENERATING = /packages\/(crypto|extensions|testing)\/test\/|benchmarks\//;

let taken = 0;

/**
 * The next prepared RSA key, in PKCS #8, Base64. No key is given out twice in a test file.
 *
 * @returns undefined if a key has to be generated: for tests of that, for other sizes, and when all keys are taken
 */
export function takeRsaKey(bits: unknown): string | undefined {
  if (bits !== 2048 || GENERATING.test(expect.getState().testPath ?? '')) return undefined;
  return inject('rsaKeys')[taken++];
}
