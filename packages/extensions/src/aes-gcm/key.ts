import type { KeyWire, Sealed, SymmetricKey } from '@dimp/crypto';
import {
  concatBytes,
  encodeTed,
  equalBytes,
  type JsonObject,
  type MaybePromise,
  ProtocolError,
  randomBytes,
  utf8Encode,
} from '@dimp/foundation';
import { native } from '#native/aes-gcm';
import { keyBytes } from '../wire/key-data.ts';
import { keyError } from '../wire/key-error.ts';

/** A key for AES-256-GCM. */
export type AesGcmKey = SymmetricKey<'AES-GCM'>;

const KEY_LENGTH = 32;
const COMMITMENT_LENGTH = 16;
const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;
/** Number of bytes before the ciphertext. */
const HEAD_LENGTH = COMMITMENT_LENGTH + NONCE_LENGTH;
/** Label in the commitment, so that no other use of the key yields the same value. */
const COMMITMENT = 'dim-commit-1';
const NOTHING: Uint8Array = /* @__PURE__ */ new Uint8Array();

class AesGcm implements AesGcmKey {
  readonly algorithm = 'AES-GCM' as const;
  readonly authenticates = true;
  readonly #secret: Uint8Array;
  readonly #cipher: ReturnType<typeof native>;
  readonly #wire: KeyWire<'AES-GCM'>;

  constructor(secret: Uint8Array, wire: KeyWire) {
    this.#secret = secret;
    this.#cipher = native(secret);
    this.#wire = wire as KeyWire<'AES-GCM'>;
  }

  encrypt(
    plaintext: Uint8Array,
    _extra?: JsonObject,
    associated: Uint8Array = NOTHING,
  ): MaybePromise<Sealed> {
    const nonce = randomBytes(NONCE_LENGTH);
    const finish = (sealed: Uint8Array): Sealed => ({
      ciphertext: concatBytes(this.#commitment(nonce), nonce, sealed),
      extra: {},
    });
    const sealed = this.#cipher.seal(plaintext, nonce, associated);
    return sealed instanceof Promise ? sealed.then(finish) : finish(sealed);
  }

  decrypt(
    ciphertext: Uint8Array,
    _extra?: JsonObject,
    associated: Uint8Array = NOTHING,
  ): MaybePromise<Uint8Array> {
    try {
      if (ciphertext.length < HEAD_LENGTH + TAG_LENGTH) throw refusal();
      const nonce = ciphertext.subarray(COMMITMENT_LENGTH, HEAD_LENGTH);
      if (!equalBytes(ciphertext.subarray(0, COMMITMENT_LENGTH), this.#commitment(nonce))) {
        throw refusal();
      }
      const opened = this.#cipher.open(ciphertext.subarray(HEAD_LENGTH), nonce, associated);
      return opened instanceof Promise ? opened.catch(refuse) : opened;
    } catch {
      return refuse();
    }
  }

  equals(other: SymmetricKey): boolean {
    if (other.algorithm !== 'AES-GCM') return false;
    // A key of another copy of this package has different private fields but the same JSON.
    const secret = #secret in other ? other.#secret : keyBytes(other.toWire());
    return equalBytes(this.#secret, secret);
  }

  toWire(): KeyWire<'AES-GCM'> {
    return this.#wire;
  }

  #commitment(nonce: Uint8Array): Uint8Array {
    const text = concatBytes(utf8Encode(COMMITMENT), nonce);
    return this.#cipher.mac(text).subarray(0, COMMITMENT_LENGTH);
  }
}

/** Generates a key of 256 bits. */
export function generateKey(): AesGcmKey {
  const secret = randomBytes(KEY_LENGTH);
  return new AesGcm(secret, { algorithm: 'AES-GCM', data: encodeTed(secret) });
}

/** Reads a key and checks its length, before the first use (spec §14.2 #24). */
export function parseKey(wire: KeyWire): AesGcmKey {
  const secret = keyBytes(wire);
  if (secret.length !== KEY_LENGTH) throw keyError('has the wrong length');
  return new AesGcm(secret, wire);
}

/** Creates the same error for every cause (spec §14.2 #21). */
function refusal(): ProtocolError<'crypto/decrypt'> {
  return new ProtocolError('crypto/decrypt', 'ciphertext cannot be decrypted');
}

function refuse(): never {
  throw refusal();
}
