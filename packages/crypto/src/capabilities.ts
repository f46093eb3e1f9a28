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

/** Whether a key can verify signatures. */
export function canVerify<A extends string>(key: Key<A>): key is VerifyKey<A> {
  return 'verify' in key && typeof key.verify === 'function';
}

/** Whether a key can encrypt. ECC and Ed25519 keys cannot (spec §2.5). */
export function canEncrypt<A extends string>(key: Key<A>): key is EncryptKey<A> {
  return 'encrypt' in key && typeof key.encrypt === 'function' && 'maxPlaintext' in key;
}

/** Whether a private key can sign. */
export function canSign<A extends string>(key: Key<A>): key is Signer<A> {
  return 'sign' in key && typeof key.sign === 'function';
}

/** Whether a private key can decrypt. */
export function canDecrypt<A extends string>(key: Key<A>): key is DecryptKey<A> {
  return 'decrypt' in key && typeof key.decrypt === 'function' && 'publicKey' in key;
}

/** Whether a private key can be exported. */
export function isExportable<A extends string>(key: Key<A>): key is ExportableKey<A> {
  return 'toWire' in key && typeof key.toWire === 'function';
}

/** Whether two public keys are equal by material, in any encoding (spec §2.6). */
export function samePublicKey(a: PublicKey, b: PublicKey): boolean {
  return a.algorithm === b.algorithm && equalBytes(a.material, b.material);
}

/** Whether two private keys are equal by public material, which works for remote keys too (spec §2.6). */
export function samePrivateKey(
  a: { readonly publicKey: PublicKey },
  b: { readonly publicKey: PublicKey },
): boolean {
  return samePublicKey(a.publicKey, b.publicKey);
}

/** Whether two keys are halves of one pair, by material (spec §2.6). */
export function isPair(
  privateKey: { readonly publicKey: PublicKey },
  publicKey: PublicKey,
): boolean {
  return samePublicKey(privateKey.publicKey, publicKey);
}
