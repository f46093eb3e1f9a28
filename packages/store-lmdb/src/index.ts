export type { LmdbStore } from './lmdb-store.ts';
export { type LmdbStoreOptions, lmdbStore } from './open.ts';
export { lmdbReader } from './reader.ts';
