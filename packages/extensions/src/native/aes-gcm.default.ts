import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { NativeAesGcm } from './aes-gcm.ts';

/** Prepares a key of 32 bytes. Cheap; never throws. */
export type NativeAesGcmMaker = (key: Uint8Array) => NativeAesGcm;

const NAME = 'AES-GCM';

/** Uses WebCrypto; on insecure pages, which have none, @noble/ciphers, loaded on demand. */
export const native: NativeAesGcmMaker = (key) => {
  let cipher: Promise<Pick<NativeAesGcm, 'seal' | 'open'>> | undefined;
  const load = (): Promise<Pick<NativeAesGcm, 'seal' | 'open'>> => {
    cipher ??= importKey(key);
    return cipher;
  };
  return {
    seal: async (plaintext, nonce, associated) => (await load()).seal(plaintext, nonce, associated),
    open: async (sealed, nonce, associated) => (await load()).open(sealed, nonce, associated),
    // WebCrypto's HMAC is asynchronous, and not faster for a short text.
    mac: (text) => hmac(sha256, key, text),
  };
};

async function importKey(key: Uint8Array): Promise<Pick<NativeAesGcm, 'seal' | 'open'>> {
  const { subtle } = crypto;
  if (subtle === undefined) return loadPortable(key);
  try {
    return webCryptoAesGcm(
      subtle,
      await subtle.importKey('raw', plainView(key), NAME, false, ['encrypt', 'decrypt']),
    );
  } catch {
    return loadPortable(key);
  }
}

function webCryptoAesGcm(
  subtle: SubtleCrypto,
  key: CryptoKey,
): Pick<NativeAesGcm, 'seal' | 'open'> {
  const parameters = (nonce: Uint8Array, associated: Uint8Array): AesGcmParams => ({
    name: NAME,
    iv: plainView(nonce),
    additionalData: plainView(associated),
    tagLength: 128,
  });
  return {
    seal: async (plaintext, nonce, associated) =>
      new Uint8Array(
        await subtle.encrypt(parameters(nonce, associated), key, plainView(plaintext)),
      ),
    open: async (sealed, nonce, associated) =>
      new Uint8Array(await subtle.decrypt(parameters(nonce, associated), key, plainView(sealed))),
  };
}

/** Loaded on demand, so that most pages do not load it. */
async function loadPortable(key: Uint8Array): Promise<Pick<NativeAesGcm, 'seal' | 'open'>> {
  const { portableAesGcm } = await import('./aes-gcm-portable.ts');
  return portableAesGcm(key);
}

/** WebCrypto's types require unshared memory. WebCrypto refuses a shared buffer at run time. */
function plainView(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
