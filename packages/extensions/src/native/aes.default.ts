import { concatBytes } from '@dimp/foundation';
import type { NativeAesCbc } from './aes-cbc.ts';

/** Prepares a key of 16, 24 or 32 bytes; cheap, and never fails. */
export type NativeAes = (key: Uint8Array) => NativeAesCbc;

const NAME = 'AES-CBC';

/** WebCrypto; where it lacks 192-bit keys (Chromium) or is hidden (insecure pages), @noble/ciphers, loaded when needed. */
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
      // WebCrypto always takes a padding off, and not every engine checks all of it. One more block, which
      // decrypts to a full block of padding, keeps it from touching ours.
      const padding = await encrypt(new Uint8Array(), ciphertext.subarray(-16));
      const blocks = concatBytes(ciphertext, padding);
      return new Uint8Array(
        await subtle.decrypt({ name: NAME, iv: plainView(iv) }, key, plainView(blocks)),
      );
    },
  };
}

/** Loaded only where it is needed, so that it stays out of what every page loads. */
async function loadPortable(key: Uint8Array): Promise<NativeAesCbc> {
  const { portableAes } = await import('./aes-portable.ts');
  return portableAes(key);
}

/** WebCrypto's types demand unshared memory; a shared buffer is refused by it at run time. */
function plainView(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
