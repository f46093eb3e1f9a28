import { expect, inject } from 'vitest';

/** Tests that prove how keys are generated. */
const GENERATING = /packages\/(crypto|extensions|testing)\/test\/|benchmarks\//;

/** The test file that takes keys. Files share this module, and each of them begins with the first key. */
let file: string | undefined;
let taken = 0;

/**
 * The next prepared RSA key, in PKCS #8, Base64. No key is given out twice in a test file.
 *
 * @returns undefined if a key has to be generated: for tests of that, for other sizes, and when all keys are taken
 */
export function takeRsaKey(bits: unknown): string | undefined {
  const { testPath } = expect.getState();
  if (bits !== 2048 || GENERATING.test(testPath ?? '')) return undefined;
  if (testPath !== file) {
    file = testPath;
    taken = 0;
  }
  return inject('rsaKeys')[taken++];
}
