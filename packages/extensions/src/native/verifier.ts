import type { MaybePromise } from '@dimp/foundation';

/** Verifies signatures of one key. */
export interface Verifier {
  verify(data: Uint8Array, signature: Uint8Array): MaybePromise<boolean>;
  /** Verifies in another thread; absent with a single processor. */
  aside?(data: Uint8Array, signature: Uint8Array): Promise<boolean>;
}
