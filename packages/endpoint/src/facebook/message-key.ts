import type { Protocol } from '@dimp/core';
import { canDecrypt, canEncrypt, type DecryptKey } from '@dimp/crypto';

/**
 * Generates a key for a visa.
 *
 * @throws `unsupported/algorithm`; `TypeError` for an algorithm that cannot encrypt
 */
export async function makeMessageKey(protocol: Protocol, algorithm: string): Promise<DecryptKey> {
  const key = await protocol.keys.generate(algorithm);
  if (!canDecrypt(key) || !canEncrypt(key.publicKey)) {
    throw new TypeError(
      `algorithm must be able to encrypt: peers could not write to an owner of ${algorithm} keys`,
    );
  }
  return key;
}
