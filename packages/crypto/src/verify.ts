import { askForeign, type ForeignFailure, type MaybePromise } from '@dimp/foundation';
import type { VerifyKey } from './key.ts';

const FAILED: ForeignFailure = {
  code: 'crypto/key',
  message: 'the signer’s key could not verify the signature',
};

/**
 * Verifies a signature with a key of any algorithm. A key that throws could not verify, which does not mean that the signature
 * is wrong. Both cases refuse the signed data, with different codes.
 *
 * @param aside - verifies in another thread if the key can
 * @returns whether the signature is valid
 * @throws `crypto/key` if the key throws or rejects
 */
export function verifySignature(
  key: VerifyKey,
  data: Uint8Array,
  signature: Uint8Array,
  { aside = false }: { readonly aside?: boolean } = {},
): MaybePromise<boolean> {
  const verdict = askForeign(FAILED, () =>
    aside && key.verifyAside !== undefined
      ? key.verifyAside(data, signature)
      : key.verify(data, signature),
  );
  return typeof verdict === 'boolean' ? verdict : later(verdict);
}

/** Only true counts, because a key in plain JavaScript may return any value. */
async function later(verdict: MaybePromise<unknown>): Promise<boolean> {
  return (await verdict) === true;
}
