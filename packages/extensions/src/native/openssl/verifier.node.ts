import { type KeyObject, verify } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { Verifier } from '../verifier.ts';

/** On one processor, another thread only takes turns with ours. */
const HAS_OTHERS: boolean = /* @__PURE__ */ availableParallelism() > 1;

/**
 * OpenSSL, here or in the threads of Node.
 *
 * @param digest - null for algorithms that have their own
 * @param create - loads the key, once, at its first use
 */
export function verifierOf(digest: 'sha256' | null, create: () => KeyObject): Verifier {
  let key: KeyObject | undefined;
  const load = (): KeyObject => {
    key ??= create();
    return key;
  };
  return {
    verify: (data, signature) => verify(digest, data, load(), signature),
    ...(HAS_OTHERS && {
      aside: (data, signature) =>
        new Promise((resolve, reject) => {
          verify(digest, data, load(), signature, (error, valid) =>
            error ? reject(error) : resolve(valid),
          );
        }).catch(() => false) as Promise<boolean>,
    }),
  };
}
