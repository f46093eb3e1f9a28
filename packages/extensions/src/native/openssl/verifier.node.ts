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
  const here: Verifier = {
    verify: (data, signature) => verify(digest, data, load(), signature),
  };
  if (!HAS_OTHERS) return here;
  return {
    ...here,
    aside: (data, signature) =>
      new Promise((resolve) => {
        verify(digest, data, load(), signature, (error, valid) => resolve(!error && valid));
      }),
  };
}
