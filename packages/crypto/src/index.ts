export type {
  AnyAlgorithm,
  AnyKeyAlgorithm,
  AnySymmetricAlgorithm,
  KeyAlgorithm,
  SymmetricAlgorithm,
} from './algorithm.ts';
export {
  canDecrypt,
  canEncrypt,
  canSign,
  canVerify,
  isExportable,
  isPair,
  samePrivateKey,
  samePublicKey,
} from './capabilities.ts';
export {
  decryptWith,
  encryptWith,
  ivFor,
  keyWire,
  openWith,
  sealWith,
  signWith,
} from './foreign-keys.ts';
export type {
  DecryptKey,
  EncryptKey,
  ExportableKey,
  Key,
  KeyWire,
  PublicKey,
  Sealed,
  Signer,
  SymmetricKey,
  VerifyKey,
} from './key.ts';
export {
  type KeyPairName,
  type KeyRegistry,
  keyRegistry,
  type PrivateKeyOf,
  type PublicKeyOf,
  type SymmetricKeyOf,
  type SymmetricName,
} from './registry.ts';
export { verifySignature } from './verify.ts';
