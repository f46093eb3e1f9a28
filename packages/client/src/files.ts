/**
 * Encrypts files, uploads them to a server that need not be trusted, and downloads them (spec §13). A separate entry
 * point, so that programs without files do not include it.
 *
 * @module
 */

export { FILE_STREAM } from '@dimp/endpoint';
export { acceptsFileStream, fileFormatFor, type VisaDirectory } from './files/accepts.ts';
export type { FileCheck } from './files/decryption.ts';
export { type Download, type DownloadFileOptions, downloadFile } from './files/download.ts';
export type { FileFormat, FileLocation, UploadedFile } from './files/file-location.ts';
export { type FormBlobStoreOptions, formBlobStore } from './files/form-blob-store.ts';
export { type HttpBlobStoreOptions, httpBlobStore } from './files/http-blob-store.ts';
export type { HttpDownloadOptions } from './files/http-download.ts';
export { DEFAULT_RETRY_POLICY, type RetryPolicy } from './files/retry.ts';
export type { TransferOptions } from './files/transfer-options.ts';
export { type UploadFileOptions, uploadFile } from './files/upload.ts';
export type { UploadTicket } from './files/upload-ticket.ts';
export type { Fetch } from './native/fetch.ts';
