/**
 * The ports in memory: for tests, demonstrations and data that may be forgotten.
 *
 * @module
 */
export { MemoryArchive } from './memory/archive.ts';
export { memoryBlobStore } from './memory/blob-store.ts';
export { memoryStore } from './memory/store.ts';
export {
  type MemoryTransport,
  type MemoryTransportOptions,
  memoryTransportPair,
} from './memory/transport.ts';
