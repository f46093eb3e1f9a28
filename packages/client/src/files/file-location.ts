import type { JsonObject } from '@dimp/foundation';

/**
 * Where the bytes of a file are: the members that file, image, audio and video contents, thumbnails and avatars have in
 * common.
 */
export interface FileLocation {
  /** The bytes themselves, for small files only. */
  readonly data?: Uint8Array;
  readonly filename?: string;
  readonly URL?: string;
  /** Symmetric key that decrypts the download. */
  readonly key?: JsonObject;
  /** Initialization vector of a file that is encrypted as a whole, 16 bytes. */
  readonly IV?: Uint8Array;
  /** Length in bytes before encryption. */
  readonly size?: number;
  /** SHA-256 before encryption, 32 bytes. */
  readonly sha256?: Uint8Array;
}

/** The members of a content's body that tell where an uploaded file is and how to decrypt it. */
export interface UploadedFile extends FileLocation {
  readonly filename: string;
  readonly URL: string;
  /** Decrypts the file: protect it like the file. */
  readonly key: JsonObject;
  readonly size: number;
  readonly sha256: Uint8Array;
}

/**
 * How a file is encrypted. `stream`: in chunks that are authenticated one by one. `whole`: by AES-CBC, which every peer
 * of today can read (spec §13.1); only our own readers authenticate it, and only at its end.
 */
export type FileFormat = 'stream' | 'whole';
