import type { JsonObject } from '@dimp/foundation';

/** What the body of a file, image, audio or video content, a thumbnail or an avatar tells of where its bytes are. */
export interface FileLocation {
  /** The bytes themselves, for small files only. */
  readonly data?: Uint8Array;
  readonly filename?: string;
  readonly URL?: string;
  /** Symmetric key that opens the download. */
  readonly key?: JsonObject;
  /** Initialization vector, 16 bytes, of a file that is encrypted as a whole. */
  readonly IV?: Uint8Array;
  /** Length in bytes, before it was encrypted. */
  readonly size?: number;
  /** SHA-256, 32 bytes, before it was encrypted. */
  readonly sha256?: Uint8Array;
}

/** The members of a content's body that say where an uploaded file is and how it is opened. */
export interface UploadedFile extends FileLocation {
  readonly filename: string;
  readonly URL: string;
  /** Opens the file: keep it like the file. */
  readonly key: JsonObject;
  readonly size: number;
  readonly sha256: Uint8Array;
}

/**
 * How a file is encrypted: `stream`, in chunks that are authenticated one by one; or `whole`, AES-CBC as every peer of
 * today reads it (spec §13.1), which is authenticated at the end only, and by nobody but our own readers.
 */
export type FileFormat = 'stream' | 'whole';
