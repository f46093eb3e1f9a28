import type { FileFormat, UploadedFile } from '@dimp/client/files';
import type { Store } from '@dimp/core';
import {
  encodeHex,
  type JsonObject,
  ProtocolError,
  parseJsonObject,
  randomBytes,
  stringifyJson,
  utf8Encode,
} from '@dimp/foundation';
import {
  bytes,
  jsonObject,
  literal,
  number,
  object,
  optional,
  parseWith,
  type Schema,
  string,
} from '@dimp/foundation/schema';

/** A file that waits to be uploaded and sent. Its encrypted bytes are in the spool of the profile. */
export interface WaitingFile {
  /** Sorts in the order in which files were given. */
  readonly id: string;
  /** ID of the person or group. */
  readonly receiver: string;
  readonly kind: 'file' | 'image';
  /** Milliseconds since the epoch. */
  readonly created: number;
  /** How the bytes in the spool are encrypted. */
  readonly format: FileFormat;
  /** Name in the spool, and on the server. */
  readonly name: string;
  /** Name for the receiver. */
  readonly filename: string;
  readonly key: UploadedFile['key'];
  readonly IV?: Uint8Array;
  /** Bytes before encryption. */
  readonly size: number;
  readonly sha256: Uint8Array;
  readonly thumbnail?: Uint8Array;
  /** Folder URL of a file server, instead of the station's. */
  readonly server?: string;
  /** Bearer token of the file server. */
  readonly token?: string;
  /** Ref of the message that the file answers. */
  readonly replyTo?: string;
  /** URL of the uploaded bytes, as soon as all of them are there. */
  readonly url?: string;
  /** Code of the error that ended the last attempt for good. */
  readonly error?: string;
}

const ROOT = ['cli', 'files'] as const;

const record: Schema<WaitingFile> = object({
  id: string,
  receiver: string,
  kind: literal('file', 'image'),
  created: number,
  format: literal('stream', 'whole'),
  name: string,
  filename: string,
  key: jsonObject,
  IV: optional(bytes),
  size: number,
  sha256: bytes,
  thumbnail: optional(bytes),
  server: optional(string),
  token: optional(string),
  replyTo: optional(string),
  url: optional(string),
  error: optional(string),
}) as Schema<WaitingFile>;

/** The records of waiting files, in the encrypted store of a profile. */
export class WaitingFiles {
  readonly #store: Store;
  #last = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Makes a name for a new file. Names sort in the order in which they are made, also if the clock is set back. */
  nextID(): string {
    this.#last = Math.max(Date.now() * 1000, this.#last + 1);
    return `file-${this.#last.toString(36).padStart(11, '0')}-${encodeHex(randomBytes(3))}`;
  }

  /** All files, in the order in which they were given. @throws `store/corrupt` */
  async all(): Promise<readonly WaitingFile[]> {
    const files: WaitingFile[] = [];
    for await (const [, stored] of this.#store.list(ROOT)) files.push(read(stored));
    return files;
  }

  async get(id: string): Promise<WaitingFile | undefined> {
    const stored = await this.#store.get([...ROOT, id]);
    return stored === undefined ? undefined : read(stored);
  }

  async put(file: WaitingFile): Promise<void> {
    const wire = record.encode(file);
    await this.#store.set([...ROOT, file.id], utf8Encode(stringifyJson(wire as JsonObject)));
  }

  async remove(id: string): Promise<void> {
    await this.#store.delete([...ROOT, id]);
  }
}

function read(stored: Uint8Array): WaitingFile {
  try {
    return parseWith(record, parseJsonObject(stored), 'waiting file');
  } catch {
    throw new ProtocolError('store/corrupt', 'a stored record cannot be read', {
      details: { what: 'waiting file' },
    });
  }
}
