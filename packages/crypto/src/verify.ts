import { askForeign, type ForeignFailure, type MaybePromise } from '@dimp/foundation';
import type { VerifyKey } from './key.ts';

const FAILED: ForeignFailure = {
  code: 'crypto/key',
  message: 'the signer’s key could not verify the signature',
};

/**
 * Verifies a signature with a key of any algorithm. A key that throws has not said that the signature is wrong, only that it
 * cannot tell: both refuse what was signed, with different codes.
 *
 * @param aside - in another thread, where the key can
 * @returns whether the signature is right
 * @throws `crypto/key` for whatever the key throws, or its promise is rejected with
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

/** Nothing but true counts: a key of JavaScript may answer with anything. */
async function later(verdict: MaybePromise<unknown>): Promise<boolean> {
  return (await verdict) === true;
}
