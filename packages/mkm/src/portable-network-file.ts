import {
  definedOnly,
  encodeDataUri,
  encodeTed,
  fieldError,
  isJsonObject,
  isProtocolError,
  type Json,
  type JsonObject,
  ownMember,
  parseJson,
  parseTed,
} from '@dimp/foundation';
import { type Schema, schema } from '@dimp/foundation/schema';

/** A file in JSON, inline or by URL (spec §1.5). Used for avatars, icons, thumbnails and snapshots. */
export interface PortableNetworkFile {
  /** The bytes, if they are inline. */
  readonly data?: Uint8Array;
  /** Media type of the bytes, such as `image/png`. */
  readonly mime?: string;
  readonly filename?: string;
  /** Where the bytes are. A peer chose the URL, so treat it as untrusted. */
  readonly URL?: string;
  /** Symmetric key that decrypts the bytes at the URL. */
  readonly key?: JsonObject;
}

/**
 * Reads a portable network file in each form of spec §1.5: object, JSON text, URL, data URI, bare Base64.
 *
 * @returns undefined for null, an absent value and an empty text
 * @throws `format/field`, `format/bytes`
 */
export function parsePortableNetworkFile(
  value: Json | undefined,
  field = 'file',
): PortableNetworkFile | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  if (typeof value === 'string') return parseText(value, field);
  if (!isJsonObject(value)) throw fieldError(field, 'must be a text or a JSON object');
  return parseObject(value, field);
}

/** Writes a portable network file: a mere URL as text, a mere image as data URI, else an object (spec §1.5). */
export function encodePortableNetworkFile(file: PortableNetworkFile): Json {
  const { data, mime, filename, URL, key } = file;
  if (data !== undefined && URL === undefined && key === undefined && filename === undefined) {
    return mime === undefined ? encodeTed(data) : encodeDataUri(data, mime);
  }
  if (URL !== undefined && data === undefined && key === undefined && filename === undefined) {
    return URL;
  }
  return {
    ...(data === undefined
      ? {}
      : { data: mime === undefined ? encodeTed(data) : encodeDataUri(data, mime) }),
    ...definedOnly({ filename, URL, key }),
  };
}

/** {@link parsePortableNetworkFile} and {@link encodePortableNetworkFile} as a member of contents. */
export const portableNetworkFile: Schema<PortableNetworkFile> = /* @__PURE__ */ schema(
  (value, field) => {
    const file = parsePortableNetworkFile(value, field);
    if (file === undefined) throw fieldError(field, 'must not be empty');
    return file;
  },
  (file) => encodePortableNetworkFile(file),
);

/** Whether a text is a URL. Current peers also write relative URLs and single words; 0.8 thumbnails are bare Base64 (spec §1.5). */
const SHORTEST_DATA = 16;

function parseText(value: string, field: string): PortableNetworkFile {
  if (value.startsWith('{') && value.endsWith('}')) {
    const object = parseJson(value);
    if (isJsonObject(object)) return parseObject(object, field);
  }
  if (/^data:/i.test(value)) return fromTed(value);
  if (value.length >= SHORTEST_DATA && !value.includes('://')) {
    try {
      return fromTed(value);
    } catch (error) {
      if (!isProtocolError(error)) throw error;
    }
  }
  return { URL: value };
}

function parseObject(value: JsonObject, field: string): PortableNetworkFile {
  const text = (name: string): string | undefined => {
    const member = ownMember(value, name) ?? undefined;
    if (member !== undefined && typeof member !== 'string') throw fieldError(field, 'is damaged');
    return member;
  };
  const key = ownMember(value, 'key') ?? undefined;
  if (key !== undefined && !isJsonObject(key))
    throw fieldError(field, 'must have a JSON object as its key');
  const filename = text('filename');
  const URL = text('URL');
  return {
    ...fromTed(ownMember(value, 'data')),
    ...definedOnly({ filename, URL, key }),
  };
}

function fromTed(value: Json | undefined): PortableNetworkFile {
  const ted = parseTed(value);
  if (ted === undefined) return {};
  return ted.mime === undefined ? { data: ted.bytes } : { data: ted.bytes, mime: ted.mime };
}
