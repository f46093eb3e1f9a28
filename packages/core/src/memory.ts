/**
 * Implementations of the ports in memory, for tests, demonstrations and temporary data.
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
