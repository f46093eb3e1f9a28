import type { MaybePromise } from '@dimp/foundation';

/** Verifies signatures of one key. */
export interface Verifier {
  verify(data: Uint8Array, signature: Uint8Array): MaybePromise<boolean>;
  /** The same in another thread, false for whatever goes wrong; left out where there is no processor for it. */
  aside?(data: Uint8Array, signature: Uint8Array): Promise<boolean>;
}
