import type { PublicKey } from '@dimp/crypto';
import { ProtocolError } from '@dimp/foundation';

/**
 * Returns the bytes of a key from which an address is made.
 *
 * @throws `crypto/key` for keys whose bytes differ between peers, such as RSA keys (spec §2.4)
 */
export function addressData(key: PublicKey): Uint8Array {
  if (key.addressData === undefined) {
    throw new ProtocolError('crypto/key', 'keys of this algorithm have no portable address data', {
      details: { algorithm: key.algorithm },
    });
  }
  return key.addressData;
}
