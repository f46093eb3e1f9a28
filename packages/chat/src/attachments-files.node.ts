/**
 * Keeps files of messages in a folder. For Node.js, Bun and Deno.
 *
 * @module
 */
export { fileBlobs } from './attachments/file-blobs.node.ts';
