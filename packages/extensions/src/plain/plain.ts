import type { KeyWire, Sealed, SymmetricAlgorithm, SymmetricKey } from '@dimp/crypto';
import type { JsonObject } from '@dimp/foundation';

/** A key that does not encrypt (spec §2.2). */
export type PlainKey = SymmetricKey<'PLAIN'>;

class Plain implements PlainKey {
  readonly algorithm = 'PLAIN' as const;
  readonly #wire: KeyWire<'PLAIN'>;

  constructor(wire: KeyWire) {
    this.#wire = wire as KeyWire<'PLAIN'>;
  }

  encrypt(plaintext: Uint8Array, _extra?: JsonObject): Sealed {
    return { ciphertext: plaintext, extra: {} };
  }

  decrypt(ciphertext: Uint8Array, _extra?: JsonObject): Uint8Array {
    return ciphertext;
  }

  equals(other: SymmetricKey): boolean {
    return other.algorithm === 'PLAIN';
  }

  toWire(): KeyWire<'PLAIN'> {
    return this.#wire;
  }
}

/**
 * PLAIN, which does not encrypt, for broadcast messages and unencrypted uploads (spec §2.2). It is never accepted as a message key
 * from the network (spec §14.2 #18).
 *
 * @example
 * ```ts
 * const keys = keyRegistry(rsa, aes, plain);
 * keys.allowsMessageKey('PLAIN'); // false
 * ```
 */
export const plain: SymmetricAlgorithm<'PLAIN', PlainKey> = {
  kind: 'symmetric',
  name: 'PLAIN',
  messageKey: false,
  generate: () => new Plain({ algorithm: 'PLAIN' }),
  parse: (wire) => new Plain(wire),
};
