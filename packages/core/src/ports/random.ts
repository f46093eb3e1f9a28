import { randomBytes } from '@dimp/foundation';

/** Source of random bytes for delays and names. Only simulations may use a predictable one. Keys never use it. */
export interface Random {
  /** @param length - number of bytes */
  bytes(length: number): Uint8Array;
}

/** The platform's cryptographic generator. */
export const systemRandom: Random = { bytes: randomBytes };
