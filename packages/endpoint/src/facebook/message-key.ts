import type { Protocol } from '@dimp/core';
import { canDecrypt, canEncrypt, type DecryptKey } from '@dimp/crypto';

/**
 * Makes a key for a visa.
 *
 * @throws `unsupported/algorithm`; `TypeError` for an algorithm that cannot encrypt
 */
export async function makeMessageKey(protocol: Protocol, algorithm: string): Promise<DecryptKey> {
  const key = await protocol.keys.generate(algorithm);
  if (!canDecrypt(key) || !canEncrypt(key.publicKey)) {
    throw new TypeError(
      `keys of ${algorithm} cannot encrypt, so no message could reach their owner`,
    );
  }
  return key;
}
