import type { JsonObject, MaybePromise } from '@dimp/foundation';

/** A key as it stands in JSON: `algorithm` and members of that algorithm (spec §2). */
export interface KeyWire<A extends string = string> extends JsonObject {
  readonly algorithm: A;
}

/** What every key has: the name of its algorithm. */
export interface Key<A extends string = string> {
  readonly algorithm: A;
}

/**
 * The public half of a key pair. Its {@link PublicKey.material} is what keys are compared by: never compare the
 * JSON, and never "probe" by signing, which any broken verifier passes (spec §2.6, §14.1 #3).
 */
export interface PublicKey<A extends string = string> extends Key<A> {
  /** Canonical bytes of the key; equal for every spelling of one key. */
  readonly material: Uint8Array;
  /**
   * The bytes that addresses of type 2 and 4 are made of (spec §2.5), absent where they are not portable
   * (RSA, spec §2.4).
   */
  readonly addressData?: Uint8Array;
  /** The key as JSON, members as received included. */
  toWire(): KeyWire<A>;
}

/** A public key that verifies signatures. */
export interface VerifyKey<A extends string = string> extends PublicKey<A> {
  /**
   * Tells whether the signature was made over exactly these bytes by the private half.
   *
   * Answers false for every bad signature, malformed ones included; it never throws because of one.
   */
  verify(data: Uint8Array, signature: Uint8Array): MaybePromise<boolean>;
  /**
   * {@link VerifyKey.verify} in another thread, for who has other work meanwhile, such as a station. Algorithms that are
   * faster than handing the work over leave it out.
   */
  verifyAside?(data: Uint8Array, signature: Uint8Array): MaybePromise<boolean>;
}

/** A public key that encrypts short texts, such as message keys. */
export interface EncryptKey<A extends string = string> extends PublicKey<A> {
  /**
   * @param plaintext - at most {@link EncryptKey.maxPlaintext} bytes
   * @throws `RangeError` for a longer one.
   */
  encrypt(plaintext: Uint8Array): MaybePromise<Uint8Array>;
  /** Most bytes that fit, for example 117 for RSA-1024 (spec §2.4). */
  readonly maxPlaintext: number;
}

/**
 * What signing needs. A key in memory, a non-extractable one, a key management service, a browser extension or a
 * hardware token can be one: nothing outside a plug-in sees private bytes.
 */
export interface Signer<A extends string = string> extends Key<A> {
  readonly publicKey: VerifyKey<A>;
  sign(data: Uint8Array): MaybePromise<Uint8Array>;
}

/** What opening a wrapped message key needs; local or remote like a {@link Signer}. */
export interface DecryptKey<A extends string = string> extends Key<A> {
  readonly publicKey: EncryptKey<A>;
  /**
   * Never tells apart why a ciphertext does not open (spec §14.2 #21): it may return unusable bytes (implicit
   * rejection), which the reader of these bytes has to refuse.
   *
   * @throws `crypto/decrypt` for a ciphertext that cannot be one of this key, such as one of wrong length.
   */
  decrypt(ciphertext: Uint8Array): MaybePromise<Uint8Array>;
}

/** A private key that can leave the process, to be stored; remote and non-extractable keys are none. */
export interface ExportableKey<A extends string = string> extends Key<A> {
  /** The private key as JSON. A secret: never log it. */
  toWire(): KeyWire<A>;
}

/** What a symmetric key makes of a plaintext. */
export interface Sealed {
  readonly ciphertext: Uint8Array;
  /** Members that the object which carries the ciphertext needs for opening it, such as `IV` (spec §2.1). */
  readonly extra: JsonObject;
}

/** A key for message contents and files. */
export interface SymmetricKey<A extends string = string> extends ExportableKey<A> {
  /**
   * Whether `decrypt` refuses everything that `encrypt` did not make for the same associated data. Absent means no: then
   * what carries the ciphertext has to be signed, and that is not enough for the IV.
   */
  readonly authenticates?: boolean;
  /**
   * @param extra - the object that will carry the ciphertext; an IV found in it is used (spec §2.1)
   * @param associated - what the ciphertext is bound to, for keys that authenticate; the others ignore it
   */
  encrypt(plaintext: Uint8Array, extra?: JsonObject, associated?: Uint8Array): MaybePromise<Sealed>;
  /**
   * @param extra - the object that carries the ciphertext, where `IV` is looked up (spec §2.1)
   * @param associated - the same as when it was encrypted
   * @throws `crypto/decrypt`, no matter why it fails.
   */
  decrypt(
    ciphertext: Uint8Array,
    extra?: JsonObject,
    associated?: Uint8Array,
  ): MaybePromise<Uint8Array>;
  /**
   * The IV that `decrypt` takes if this object carries the ciphertext (spec §2.1); absent for algorithms whose IV nobody
   * can change, or that have none.
   *
   * @throws `format/` codes for one that cannot be read
   */
  ivFor?(extra: JsonObject): Uint8Array;
  /** Compares the secret bytes in constant time. */
  equals(other: SymmetricKey): boolean;
}
