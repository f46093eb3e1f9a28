import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  sign,
  verify,
} from 'node:crypto';
import { writePkcs1, writeSpki } from '../key-formats/rsa-der.ts';
import { ASIDE_BITS, bitLength } from '../key-formats/rsa-numbers.ts';
import { keyError } from '../wire/key-error.ts';
import type { NativeRsa } from './rsa.default.ts';

/** Uses OpenSSL. Decrypts with raw RSA and own unpadding, because Node 20 refuses PKCS#1 v1.5 decryption (CVE-2023-46809). */
export const native: NativeRsa = {
  generate: (bits) =>
    new Promise((resolve, reject) => {
      generateKeyPair(
        'rsa',
        {
          modulusLength: bits,
          publicExponent: 65537,
          publicKeyEncoding: { type: 'spki', format: 'der' },
          privateKeyEncoding: { type: 'pkcs1', format: 'der' },
        },
        (error, _publicKey, privateKey) => (error ? reject(error) : resolve(plain(privateKey))),
      );
    }),
  publicKey(numbers) {
    const load = lazyKey(() =>
      createPublicKey({ key: writeSpki(numbers) as Buffer, format: 'der', type: 'spki' }),
    );
    const isLarge = bitLength(numbers.modulus) > ASIDE_BITS;
    return {
      // A peer chooses the size of the key, and its verification must not block other work.
      verify: (data, signature) =>
        isLarge
          ? verifyInThread(data, load(), signature)
          : verify('sha256', data, load(), signature),
      encrypt: (plaintext) =>
        plain(publicEncrypt({ key: load(), padding: constants.RSA_PKCS1_PADDING }, plaintext)),
    };
  },
  privateKey(numbers) {
    const load = lazyKey(() =>
      createPrivateKey({ key: writePkcs1(numbers) as Buffer, format: 'der', type: 'pkcs1' }),
    );
    return {
      sign: (data) => plain(sign('sha256', data, load())),
      apply: (block) =>
        plain(privateDecrypt({ key: load(), padding: constants.RSA_NO_PADDING }, block)),
    };
  },
  prf: (secret, input, length) =>
    plain(createHash('shake256', { outputLength: length }).update(secret).update(input).digest()),
};

/** Verifies in the threads of Node. */
function verifyInThread(data: Uint8Array, key: KeyObject, signature: Uint8Array): Promise<boolean> {
  return new Promise((resolve, reject) => {
    verify('sha256', data, key, signature, (error, valid) =>
      error ? reject(error) : resolve(valid),
    );
  });
}

/** Loads a key once, on first use. */
function lazyKey(create: () => KeyObject): () => KeyObject {
  let key: KeyObject | undefined;
  return () => {
    try {
      key ??= create();
      return key;
    } catch {
      throw keyError('is refused by the platform');
    }
  };
}

/** Returns a plain view of a Buffer's memory. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
