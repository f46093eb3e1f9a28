import { concatBytes, randomBytes } from '@dimp/foundation';

const NONCE_BYTES = 12;

/** Imports a key for AES-256-GCM; it cannot be exported. @throws `RangeError` for a key that is not 32 bytes long */
export function importKey(bytes: Uint8Array): Promise<CryptoKey> {
  if (bytes.length !== 32) throw new RangeError('the key must be 32 bytes long');
  return crypto.subtle.importKey('raw', bytes as Uint8Array<ArrayBuffer>, 'AES-GCM', false, [
    'encrypt',
    'decrypt',
  ]);
}

/**
 * Encrypts and authenticates bytes: nonce (12 random bytes) ‖ ciphertext ‖ tag (AES-256-GCM, NIST SP 800-38D).
 *
 * @param context - authenticated, but not stored; opening with another context fails
 */
export async function seal(
  key: CryptoKey,
  plaintext: Uint8Array,
  context: Uint8Array,
): Promise<Uint8Array> {
  const nonce = randomBytes(NONCE_BYTES);
  const ciphertext = await crypto.subtle.encrypt(
    parameters(nonce, context),
    key,
    plaintext as Uint8Array<ArrayBuffer>,
  );
  return concatBytes(nonce, new Uint8Array(ciphertext));
}

/** @returns undefined for bytes that were not sealed with this key in this context */
export async function open(
  key: CryptoKey,
  sealed: Uint8Array,
  context: Uint8Array,
): Promise<Uint8Array | undefined> {
  if (sealed.length < NONCE_BYTES + 16) return undefined;
  const nonce = sealed.slice(0, NONCE_BYTES);
  const ciphertext = sealed.slice(NONCE_BYTES);
  try {
    const plaintext = await crypto.subtle.decrypt(parameters(nonce, context), key, ciphertext);
    return new Uint8Array(plaintext);
  } catch {
    return undefined;
  }
}

function parameters(nonce: Uint8Array, context: Uint8Array): AesGcmParams {
  return {
    name: 'AES-GCM',
    iv: nonce as Uint8Array<ArrayBuffer>,
    additionalData: context as Uint8Array<ArrayBuffer>,
  };
}
