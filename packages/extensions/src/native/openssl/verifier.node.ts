import { type KeyObject, verify } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { MaybePromise } from '@dimp/foundation';
import type { Verifier } from '../verifier.ts';

/** With one processor, another thread brings nothing. */
const HAS_OTHERS: boolean = /* @__PURE__ */ availableParallelism() > 1;

/**
 * Verifies with OpenSSL, in this thread or in the threads of Node. Bun and Electron have BoringSSL instead, which lacks some
 * algorithms. If the platform cannot verify, portable code does; a missing algorithm never counts as a wrong signature.
 *
 * @param digest - null for algorithms with a digest of their own
 * @param create - loads the key, once, on first use
 * @param portable - creates the verifier in portable code
 */
export function verifierOf(
  digest: 'sha256' | null,
  create: () => KeyObject,
  portable: () => Verifier,
): Verifier {
  let key: KeyObject | undefined;
  let other: Verifier | undefined;
  const load = (): KeyObject => {
    key ??= create();
    return key;
  };
  const otherwise = (data: Uint8Array, signature: Uint8Array): MaybePromise<boolean> => {
    other ??= portable();
    return other.verify(data, signature);
  };
  return {
    verify(data, signature) {
      if (other !== undefined) return otherwise(data, signature);
      try {
        return verify(digest, data, load(), signature);
      } catch {
        return otherwise(data, signature);
      }
    },
    ...(HAS_OTHERS && {
      aside: async (data, signature) => {
        if (other !== undefined) return otherwise(data, signature);
        try {
          return await verifyAside(digest, data, load(), signature);
        } catch {
          return await otherwise(data, signature);
        }
      },
    }),
  };
}

function verifyAside(
  digest: 'sha256' | null,
  data: Uint8Array,
  key: KeyObject,
  signature: Uint8Array,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    verify(digest, data, key, signature, (error, valid) =>
      error ? reject(error) : resolve(valid),
    );
  });
}
