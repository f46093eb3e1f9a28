import type { JsonObject, MaybePromise } from '@dimp/foundation';

/** A key as JSON: `algorithm` and the members of that algorithm (spec §2). */
export interface KeyWire<A extends string = string> extends JsonObject {
  readonly algorithm: A;
}

/** A key with the name of its algorithm. */
export interface Key<A extends string = string> {
  readonly algorithm: A;
}

/**
 * The public half of a key pair. Compare keys by their {@link PublicKey.material}, not by their JSON and not by a trial
 * signature, which a broken verifier accepts (spec §2.6, §14.1 #3).
 */
export interface PublicKey<A extends string = string> extends Key<A> {
  /** Canonical bytes of the key, equal for all spellings of one key. */
  readonly material: Uint8Array;
  /**
   * The bytes from which addresses of type 2 and 4 are made (spec §2.5). Absent for RSA, where peers disagree on them (spec
   * §2.4).
   */
  readonly addressData?: Uint8Array;
  /** The key as JSON, with all members as received. */
  toWire(): KeyWire<A>;
}

/** A public key that verifies signatures. */
export interface VerifyKey<A extends string = string> extends PublicKey<A> {
  /**
   * Whether the private half made this signature over exactly these bytes.
   *
   * Returns false for every wrong or malformed signature, and never throws because of one.
   */
  verify(data: Uint8Array, signature: Uint8Array): MaybePromise<boolean>;
  /**
   * {@link VerifyKey.verify} in another thread, for callers with other work, such as a station. Absent for algorithms that are
   * faster than a change of threads.
   */
  verifyAside?(data: Uint8Array, signature: Uint8Array): MaybePromise<boolean>;
}

/** A public key that encrypts short texts, such as message keys. */
export interface EncryptKey<A extends string = string> extends PublicKey<A> {
  /**
   * @param plaintext - at most {@link EncryptKey.maxPlaintext} bytes
   * @throws `RangeError` for a longer plaintext
   */
  encrypt(plaintext: Uint8Array): MaybePromise<Uint8Array>;
  /** Maximum length of a plaintext in bytes, for example 117 for RSA-1024 (spec §2.4). */
  readonly maxPlaintext: number;
}

/**
 * A key that signs: in memory, non-extractable, in a key management service, a browser extension or a hardware token. Only its
 * plug-in sees private bytes.
 */
export interface Signer<A extends string = string> extends Key<A> {
  readonly publicKey: VerifyKey<A>;
  sign(data: Uint8Array): MaybePromise<Uint8Array>;
}

/** A key that unwraps message keys; local or remote like a {@link Signer}. */
export interface DecryptKey<A extends string = string> extends Key<A> {
  readonly publicKey: EncryptKey<A>;
  /**
   * Decrypts. It must not reveal why a ciphertext fails (spec §14.2 #21): it may return unusable bytes (implicit rejection),
   * which the caller has to refuse.
   *
   * @throws `crypto/decrypt` for a ciphertext that cannot belong to this key, such as one of the wrong length
   */
  decrypt(ciphertext: Uint8Array): MaybePromise<Uint8Array>;
}

/** A private key that can be exported and stored. Remote and non-extractable keys cannot. */
export interface ExportableKey<A extends string = string> extends Key<A> {
  /** The private key as JSON. A secret: never log it. */
  toWire(): KeyWire<A>;
}

/** The result of symmetric encryption. */
export interface Sealed {
  readonly ciphertext: Uint8Array;
  /** Members that the object with the ciphertext needs for decryption, such as `IV` (spec §2.1). */
  readonly extra: JsonObject;
}

/** A symmetric key, for message contents and files. */
export interface SymmetricKey<A extends string = string> extends ExportableKey<A> {
  /**
   * Whether `decrypt` refuses every ciphertext that `encrypt` did not make for the same associated data. If not, the object
   * with the ciphertext has to be signed, and a signature does not protect the IV.
   */
  readonly authenticates?: boolean;
  /**
   * @param extra - the object that will hold the ciphertext; an IV in it is used (spec §2.1)
   * @param associated - associated data; keys that do not authenticate ignore it
   */
  encrypt(plaintext: Uint8Array, extra?: JsonObject, associated?: Uint8Array): MaybePromise<Sealed>;
  /**
   * @param extra - the object with the ciphertext and its `IV` (spec §2.1)
   * @param associated - the same as in `encrypt`
   * @throws `crypto/decrypt` for every failure
   */
  decrypt(
    ciphertext: Uint8Array,
    extra?: JsonObject,
    associated?: Uint8Array,
  ): MaybePromise<Uint8Array>;
  /**
   * Returns the IV that `decrypt` uses for the ciphertext of an object (spec §2.1). Absent for algorithms without an IV, or
   * whose IV cannot be changed unnoticed.
   *
   * @throws `format/` codes for an IV that cannot be read
   */
  ivFor?(extra: JsonObject): Uint8Array;
  /** Compares the secret bytes in constant time. */
  equals(other: SymmetricKey): boolean;
}
