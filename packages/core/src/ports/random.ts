import { randomBytes } from '@dimp/foundation';

/** Where random bytes come from. For simulations only may it be predictable; keys never come from here. */
export interface Random {
  /** @param length - number of bytes */
  bytes(length: number): Uint8Array;
}

/** The platform's cryptographic generator. */
export const systemRandom: Random = { bytes: randomBytes };
