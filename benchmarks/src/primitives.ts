import type { MaybePromise } from '@dimp/foundation';

/**
 * The cryptography that a message cannot do without, called as directly as a platform allows: no JSON, no Base64, no
 * checks. Each function makes a closure with everything loaded that may be loaded before the first message.
 */
export interface Primitives {
  readonly runtime: 'node' | 'chromium';
  /** AES-256-CBC with PKCS#7 under a remembered key of 32 bytes. */
  cipher(key: Uint8Array): MaybePromise<Cipher>;
  /** Signs as the algorithm does it here. `wire` is the private key's JSON. */
  signer(algorithm: string, wire: KeyData): MaybePromise<(data: Uint8Array) => Bytes>;
  /** `material` is the public key's: SPKI for RSA, the bare point for the others. */
  verifier(
    algorithm: string,
    material: Uint8Array,
  ): MaybePromise<(data: Uint8Array, signature: Uint8Array) => MaybePromise<boolean>>;
  /** RSAES-PKCS1-v1_5. */
  rsaEncrypt(spki: Uint8Array): MaybePromise<(plaintext: Uint8Array) => Bytes>;
  /** The raw private operation alone; unpadding is left out. */
  rsaPrivate(wire: KeyData): MaybePromise<(block: Uint8Array) => Bytes>;
  toBase64(bytes: Uint8Array): string;
  fromBase64(text: string): Uint8Array;
}

type Bytes = MaybePromise<Uint8Array>;

/** The text of a private key: PKCS#1 PEM, hex, or Base64. */
export interface KeyData {
  readonly data: string;
}

/** One symmetric key, ready. */
export interface Cipher {
  encrypt(plaintext: Uint8Array, iv: Uint8Array): Bytes;
  decrypt(ciphertext: Uint8Array, iv: Uint8Array): Bytes;
}
