export type { ScryptWork } from '#native/scrypt';
export { changePassphrase, type EncryptionOptions, encryptedStore } from './encrypted-store.ts';
export { type Unlock, unlockedBy } from './header.ts';
export { DEFAULT_WORK } from './passphrase.ts';
