/**
 * Files of messages: fetched, checked, and kept on this device.
 *
 * @module
 */
export { cacheStorageBlobs } from './attachments/cache-storage-blobs.ts';
export type { LocalBlob, LocalBlobs } from './attachments/local-blobs.ts';
export { memoryBlobs } from './attachments/memory-blobs.ts';
export { type AttachmentsOptions, attachments } from './attachments/reader.ts';
export { sniffType } from './attachments/sniff.ts';
