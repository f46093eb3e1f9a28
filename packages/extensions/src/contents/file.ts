import { type ContentType, defineContent } from '@dimp/dkd';
import { fieldError, isJsonObject, type JsonObject } from '@dimp/foundation';
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
import { ignored } from '../fields/lenient.ts';
import { networkFile } from '../fields/network-file.ts';

/** Most amplitudes of a waveform. */
const MAX_WAVEFORM = 64;

const amplitudes: Schema<Uint8Array> = /* @__PURE__ */ schema(
  (value, field) => {
    const read = bytes.decode(value, field);
    if (read.length > MAX_WAVEFORM)
      throw fieldError(field, `must be at most ${MAX_WAVEFORM} bytes`);
    return read;
  },
  (value) => bytes.encode(value),
);

/** A file: its bytes, or where to download them (spec §9.2). */
export interface FileBody {
  /** The plaintext bytes, for small files only. */
  readonly data?: Uint8Array;
  /** By convention the MD5 in hex and an extension (spec §13). A peer chose it, so never use it as a path. */
  readonly filename?: string;
  /** URL of the encrypted bytes. A peer chose it, so treat it as untrusted. */
  readonly URL?: string;
  /**
   * Symmetric key of the download; `password` of older peers (spec §2). Without a key the download is not encrypted; `PLAIN` is
   * written then, because peers fail on a URL without a key (spec §2.2).
   */
  readonly key?: JsonObject;
  /** Initialization vector of the download, 16 bytes; absent if it is the `iv` of `key` (spec §2.1). */
  readonly IV?: Uint8Array;
  /** Size of the plaintext file in bytes; absent from older peers. */
  readonly size?: number;
  /** SHA-256 of the plaintext file, 32 bytes; absent from older peers. */
  readonly sha256?: Uint8Array;
  /** Text below the file, and of sound the text of a speech recognition. */
  readonly text?: string;
}

/** A picture. */
export interface ImageBody extends FileBody {
  readonly thumbnail?: PortableNetworkFile;
}

/** A sound recording. */
export interface AudioBody extends FileBody {
  /** Length in seconds. */
  readonly duration?: number;
  /** Size in bytes. */
  readonly length?: number;
  /** Amplitudes from 0 to 255 over the time, at most 64. */
  readonly waveform?: Uint8Array;
}

/** A video. */
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

/** A sound recording, type 20 (spec §9.2). */
export const Audio: ContentType<'audio', AudioBody> = /* @__PURE__ */ defineContent({
  kind: 'audio',
  match: { type: '20' },
  schema: () =>
    withKey(
      object({
        ...fileFields(),
        duration: optional(number),
        length: optional(number),
        waveform: ignored(amplitudes),
      }),
    ),
});

/** A video, type 22 (spec §9.2). */
export const Video: ContentType<'video', VideoBody> = /* @__PURE__ */ defineContent({
  kind: 'video',
  match: { type: '22' },
  schema: () =>
    withKey(object({ ...fileFields(), snapshot: networkFile(), title: optional(string) })),
});

/** Writes PLAIN as the key of a file that was uploaded without encryption (spec §2.2). */
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
    text: ignored(string),
  };
}
