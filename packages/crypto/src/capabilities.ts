import { equalBytes } from '@dimp/foundation';
import type {
  DecryptKey,
  EncryptKey,
  ExportableKey,
  Key,
  PublicKey,
  Signer,
  VerifyKey,
} from './key.ts';

/** Tells whether a key can verify signatures. */
export function canVerify<A extends string>(key: Key<A>): key is VerifyKey<A> {
  return 'verify' in key && typeof key.verify === 'function';
}

/** Tells whether a key can encrypt; ECC and Ed25519 keys cannot (spec §2.5). */
export function canEncrypt<A extends string>(key: Key<A>): key is EncryptKey<A> {
  return 'encrypt' in key && typeof key.encrypt === 'function' && 'maxPlaintext' in key;
}

/** Tells whether a private key can sign. */
export function canSign<A extends string>(key: Key<A>): key is Signer<A> {
  return 'sign' in key && typeof key.sign === 'function';
}

/** Tells whether a private key can open what its public half encrypted. */
export function canDecrypt<A extends string>(key: Key<A>): key is DecryptKey<A> {
  return 'decrypt' in key && typeof key.decrypt === 'function' && 'publicKey' in key;
}

/** Tells whether a private key may leave the process. */
export function isExportable<A extends string>(key: Key<A>): key is ExportableKey<A> {
  return 'toWire' in key && typeof key.toWire === 'function';
}

/** Compares two public keys by their material, however they are spelled (spec §2.6). */
export function samePublicKey(a: PublicKey, b: PublicKey): boolean {
  return a.algorithm === b.algorithm && equalBytes(a.material, b.material);
}

/** Compares two private keys by their public material, so that it works for remote keys too (spec §2.6). */
export function samePrivateKey(
  a: { readonly publicKey: PublicKey },
  b: { readonly publicKey: PublicKey },
): boolean {
  return samePublicKey(a.publicKey, b.publicKey);
}

/** Tells whether two keys are halves of one pair, by material (spec §2.6). */
export function isPair(
  privateKey: { readonly publicKey: PublicKey },
  publicKey: PublicKey,
): boolean {
  return samePublicKey(privateKey.publicKey, publicKey);
}
