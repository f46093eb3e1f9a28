import { type ContentType, defineContent } from '@dimp/dkd';
import { isJsonObject, type JsonObject } from '@dimp/foundation';
import {
  alias,
  bytes,
  jsonObject,
  number,
  object,
  optional,
  type Schema,
  schema,
  string,
} from '@dimp/foundation/schema';
import type { PortableNetworkFile } from '@dimp/mkm';
import { networkFile } from '../fields/network-file.ts';

/** A file: its bytes, or where to download them (spec §9.2). */
export interface FileBody {
  /** The bytes in the clear, for small files only. */
  readonly data?: Uint8Array;
  /** By convention hex of the MD5 plus extension (spec §13). A peer chose it: never use it as a path. */
  readonly filename?: string;
  /** Where the encrypted bytes are. A peer chose it: fetch it like any foreign address. */
  readonly URL?: string;
  /**
   * Symmetric key that decrypts the download; `password` of older peers (spec §2). Without one the download is in the clear:
   * then `PLAIN` is written, because peers fail on a URL that has no key (spec §2.2).
   */
  readonly key?: JsonObject;
  /** Initialization vector of the download, 16 bytes; absent where it is the `iv` of `key` (spec §2.1). */
  readonly IV?: Uint8Array;
  /** Length of the file in bytes, before it was encrypted. Older peers do not tell. */
  readonly size?: number;
  /** SHA-256 of the file, 32 bytes, before it was encrypted. Older peers do not tell. */
  readonly sha256?: Uint8Array;
}

/** A picture. */
export interface ImageBody extends FileBody {
  readonly thumbnail?: PortableNetworkFile;
}

/** A sound. */
export interface AudioBody extends FileBody {
  /** What speech recognition made of it. */
  readonly text?: string;
  /** Seconds. */
  readonly duration?: number;
  /** Bytes. */
  readonly length?: number;
}

/** A film. */
export interface VideoBody extends FileBody {
  readonly snapshot?: PortableNetworkFile;
  readonly title?: string;
}

/** A file of any kind, type 16 (spec §9.2). */
export const File: ContentType<'file', FileBody> = /* @__PURE__ */ defineContent({
  kind: 'file',
  match: { type: '16' },
  schema: () => withKey(object(fileFields())),
});

/** A picture, type 18 (spec §9.2). */
export const Image: ContentType<'image', ImageBody> = /* @__PURE__ */ defineContent({
  kind: 'image',
  match: { type: '18' },
  schema: () => withKey(object({ ...fileFields(), thumbnail: networkFile() })),
});

/** A sound, type 20 (spec §9.2). */
export const Audio: ContentType<'audio', AudioBody> = /* @__PURE__ */ defineContent({
  kind: 'audio',
  match: { type: '20' },
  schema: () =>
    withKey(
      object({
        ...fileFields(),
        text: optional(string),
        duration: optional(number),
        length: optional(number),
      }),
    ),
});

/** A film, type 22 (spec §9.2). */
export const Video: ContentType<'video', VideoBody> = /* @__PURE__ */ defineContent({
  kind: 'video',
  match: { type: '22' },
  schema: () =>
    withKey(object({ ...fileFields(), snapshot: networkFile(), title: optional(string) })),
});

/** A file that is uploaded in the clear says so: its key is PLAIN (spec §2.2). */
function withKey<T>(fields: Schema<T>): Schema<T> {
  return schema(fields.decode, (body) => {
    const wire = fields.encode(body);
    if (!isJsonObject(wire) || wire['URL'] === undefined) return wire;
    if (wire['key'] !== undefined || wire['data'] !== undefined) return wire;
    return { ...wire, key: { algorithm: 'PLAIN' } };
  });
}

function fileFields() {
  return {
    data: optional(bytes),
    filename: optional(string),
    URL: optional(string),
    key: optional(alias(jsonObject, 'password')),
    IV: optional(bytes),
    size: optional(number),
    sha256: optional(bytes),
  };
}
