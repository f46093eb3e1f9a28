import type { MaybePromise } from '@dimp/foundation';
import type { KeyWire, PublicKey, Signer, SymmetricKey } from './key.ts';

/**
 * An algorithm of key pairs: a plain value for a {@link KeyRegistry}.
 *
 * @typeParam Name - the literal name on the wire, such as `'RSA'`
 * @typeParam Private - the private key type; tells the compiler whether keys can decrypt
 * @typeParam Public - the public key type
 * @typeParam Options - options of `generate`
 */
export interface KeyAlgorithm<
  Name extends string,
  Private extends Signer<Name>,
  Public extends PublicKey<Name>,
  Options extends object = object,
> {
  readonly kind: 'key-pair';
  readonly name: Name;
  /** Other names that peers use, such as `SHA256withRSA`. */
  readonly aliases?: readonly string[];
  generate(options?: Options): MaybePromise<Private>;
  /** @throws `format/field` for missing members; `crypto/key` for unusable material */
  parsePrivate(wire: KeyWire): Private;
  /** @throws `format/field` for missing members; `crypto/key` for unusable material */
  parsePublic(wire: KeyWire): Public;
}

/** An algorithm of symmetric keys. */
export interface SymmetricAlgorithm<
  Name extends string,
  K extends SymmetricKey<Name>,
  Options extends object = object,
> {
  readonly kind: 'symmetric';
  readonly name: Name;
  readonly aliases?: readonly string[];
  /**
   * Whether a received message key may be of this algorithm. False for PLAIN: otherwise an attacker could switch encryption
   * off (spec §2.2, §14.2 #18).
   */
  readonly messageKey: boolean;
  generate(options?: Options): MaybePromise<K>;
  /** @throws `format/field` for missing members; `crypto/key` for unusable material */
  parse(wire: KeyWire): K;
}

/** A {@link KeyAlgorithm} of any name and keys. */
// biome-ignore lint/suspicious/noExplicitAny: existential type, the registry infers the real ones
export type AnyKeyAlgorithm = KeyAlgorithm<any, any, any, any>;
/** A {@link SymmetricAlgorithm} of any name and keys. */
// biome-ignore lint/suspicious/noExplicitAny: existential type, the registry infers the real ones
export type AnySymmetricAlgorithm = SymmetricAlgorithm<any, any, any>;
/** An algorithm for a {@link KeyRegistry}. */
export type AnyAlgorithm = AnyKeyAlgorithm | AnySymmetricAlgorithm;
