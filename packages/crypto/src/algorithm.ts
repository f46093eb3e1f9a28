import type { MaybePromise } from '@dimp/foundation';
import type { KeyWire, PublicKey, Signer, SymmetricKey } from './key.ts';

/**
 * An algorithm of key pairs: a plain value that a registry takes. Making or exporting one has no side effect.
 *
 * @typeParam Name - the literal name on the wire, such as `'RSA'`
 * @typeParam Private - what `generate` yields; whether it can decrypt is known to the compiler
 * @typeParam Public - its public half
 * @typeParam Options - what `generate` may be told
 */
export interface KeyAlgorithm<
  Name extends string,
  Private extends Signer<Name>,
  Public extends PublicKey<Name>,
  Options extends object = object,
> {
  readonly kind: 'key-pair';
  readonly name: Name;
  /** Other names that peers use for it, such as `SHA256withRSA`. */
  readonly aliases?: readonly string[];
  generate(options?: Options): MaybePromise<Private>;
  /** @throws `format/field` for missing members, `crypto/key` for material that cannot be used. */
  parsePrivate(wire: KeyWire): Private;
  /** @throws `format/field` for missing members, `crypto/key` for material that cannot be used. */
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
   * Whether a key of it may arrive as a message key. False for PLAIN: a network that could say "no encryption"
   * would (spec §2.2, §14.2 #18).
   */
  readonly messageKey: boolean;
  generate(options?: Options): MaybePromise<K>;
  /** @throws `format/field` for missing members, `crypto/key` for material that cannot be used. */
  parse(wire: KeyWire): K;
}

/** A {@link KeyAlgorithm} of any name and keys. */
// biome-ignore lint/suspicious/noExplicitAny: existential type, the registry infers the real ones
export type AnyKeyAlgorithm = KeyAlgorithm<any, any, any, any>;
/** A {@link SymmetricAlgorithm} of any name and keys. */
// biome-ignore lint/suspicious/noExplicitAny: existential type, the registry infers the real ones
export type AnySymmetricAlgorithm = SymmetricAlgorithm<any, any, any>;
/** Anything a {@link KeyRegistry} takes. */
export type AnyAlgorithm = AnyKeyAlgorithm | AnySymmetricAlgorithm;
