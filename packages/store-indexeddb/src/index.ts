export { type IndexedDbStoreOptions, indexedDbStore } from './open.ts';
