import { concatBytes } from '@dimp/foundation';
import type { NativeAesCbc } from './aes-cbc.ts';

/** Prepares a key of 16, 24 or 32 bytes. Cheap; never throws. */
export type NativeAes = (key: Uint8Array) => NativeAesCbc;

const NAME = 'AES-CBC';

/** Uses WebCrypto; for 192-bit keys in Chromium, and on insecure pages, @noble/ciphers, loaded on demand. */
export const native: NativeAes = (key) => {
  let cipher: Promise<NativeAesCbc> | undefined;
  const load = (): Promise<NativeAesCbc> => {
    cipher ??= importKey(key);
    return cipher;
  };
  return {
    encrypt: async (plaintext, iv) => (await load()).encrypt(plaintext, iv),
    decryptBlocks: async (ciphertext, iv) => (await load()).decryptBlocks(ciphertext, iv),
  };
};

async function importKey(key: Uint8Array): Promise<NativeAesCbc> {
  const { subtle } = crypto;
  if (subtle === undefined) return loadPortable(key);
  try {
    return webCryptoAes(
      subtle,
      await subtle.importKey('raw', plainView(key), NAME, false, ['encrypt', 'decrypt']),
    );
  } catch {
    return loadPortable(key);
  }
}

function webCryptoAes(subtle: SubtleCrypto, key: CryptoKey): NativeAesCbc {
  const encrypt = async (plaintext: Uint8Array, iv: Uint8Array): Promise<Uint8Array> =>
    new Uint8Array(
      await subtle.encrypt({ name: NAME, iv: plainView(iv) }, key, plainView(plaintext)),
    );
  return {
    encrypt,
    async decryptBlocks(ciphertext, iv) {
      // WebCrypto always removes a padding, and not every engine checks all of it. One more block, which
      // decrypts to a full block of padding, keeps it from touching ours.
      const padding = await encrypt(new Uint8Array(), ciphertext.subarray(-16));
      const blocks = concatBytes(ciphertext, padding);
      return new Uint8Array(
        await subtle.decrypt({ name: NAME, iv: plainView(iv) }, key, plainView(blocks)),
      );
    },
  };
}

/** Loaded on demand, so that most pages do not load it. */
async function loadPortable(key: Uint8Array): Promise<NativeAesCbc> {
  const { portableAes } = await import('./aes-portable.ts');
  return portableAes(key);
}

/** WebCrypto's types require unshared memory. WebCrypto refuses a shared buffer at run time. */
function plainView(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
