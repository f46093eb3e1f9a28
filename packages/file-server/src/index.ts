/**
 * The file server of DIM for Node (spec §13): resumable uploads by `PUT`, forms of existing clients, downloads with ranges,
 * and limits for all of them.
 *
 * @module
 */
export type { UploadPermission } from './admission.ts';
export { DEFAULT_FILE_LIMITS, type FileLimits } from './file-limits.ts';
export { FileServer, type FileServerOptions, type FileServerState } from './file-server.ts';
export type { SweepResult } from './sweep.ts';
