import {
  decodeBase64,
  encodeBase64,
  fieldError,
  isJsonObject,
  type Json,
  type JsonObject,
} from '@dimp/foundation';
import { isPlainObject } from './plain.ts';

/** What JSON cannot say: bytes, numbers that are not finite, undefined in lists, files. */
type SpecialKind = 'bytes' | 'number' | 'undefined' | 'file';

/** A value as JSON, with the places of what JSON cannot say. */
export interface EncodedValue {
  readonly value: Json;
  readonly specials: readonly Json[];
  /** Files, whose bytes go ahead. */
  readonly blobs: readonly { readonly name: number; readonly blob: Blob }[];
}

/**
 * Makes JSON of plain data.
 *
 * @param nameFile - numbers a file
 * @throws `TypeError` for other values
 */
export function encodeValue(value: unknown, nameFile: () => number): EncodedValue {
  const specials: Json[] = [];
  const blobs: { readonly name: number; readonly blob: Blob }[] = [];
  const special = (kind: SpecialKind, place: readonly (string | number)[], json: Json): Json => {
    specials.push([kind, [...place]]);
    return json;
  };
  const encode = (each: unknown, place: readonly (string | number)[]): Json => {
    if (each === null || typeof each === 'boolean' || typeof each === 'string') return each;
    if (typeof each === 'number') {
      return Number.isFinite(each) ? each : special('number', place, String(each));
    }
    if (each === undefined) return special('undefined', place, null);
    if (each instanceof Uint8Array) return special('bytes', place, encodeBase64(each));
    if (each instanceof Blob) {
      const name = nameFile();
      blobs.push({ name, blob: each });
      return special('file', place, [name, each.type]);
    }
    if (Array.isArray(each)) return each.map((inner, index) => encode(inner, [...place, index]));
    if (!isPlainObject(each)) throw new TypeError('a value must be plain data');
    const entries = Object.entries(each).filter(([, inner]) => inner !== undefined);
    return Object.fromEntries(
      entries.map(([name, inner]) => [name, encode(inner, [...place, name])]),
    );
  };
  // In a list, so that the value itself has a place too.
  return { value: encode([value], []), specials, blobs };
}

/**
 * Reads what {@link encodeValue} has written. The JSON is changed.
 *
 * @param takeFile - the bytes of a file that have arrived
 * @throws `format/field`, `format/bytes`
 */
export function decodeValue(
  message: Json,
  takeFile: (name: number) => readonly Uint8Array[],
): unknown {
  const [value, specials] = Array.isArray(message) ? message : [];
  if (!Array.isArray(value) || !Array.isArray(specials)) throw notOurs();
  for (const each of specials) {
    const [kind, place] = Array.isArray(each) ? each : [];
    if (!Array.isArray(place) || place.length === 0) throw notOurs();
    const last: unknown = place.at(-1);
    let holder: Json | undefined = value;
    for (const name of place.slice(0, -1)) holder = memberOf(holder, name);
    const json = memberOf(holder, last);
    if (json === undefined || (typeof last !== 'string' && typeof last !== 'number'))
      throw notOurs();
    const decoded = decodeSpecial(kind, json, takeFile);
    Object.defineProperty(holder, last, {
      value: decoded,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return value[0];
}

function decodeSpecial(
  kind: Json | undefined,
  json: Json,
  takeFile: (name: number) => readonly Uint8Array[],
): unknown {
  if (kind === 'undefined') return undefined;
  if (kind === 'number' && typeof json === 'string') return Number(json);
  if (kind === 'bytes' && typeof json === 'string') return decodeBase64(json);
  if (kind === 'file' && Array.isArray(json)) {
    const [name, type] = json;
    if (typeof name === 'number' && typeof type === 'string') {
      return new Blob(
        takeFile(name).map((bytes) => new Uint8Array(bytes)),
        { type },
      );
    }
  }
  throw notOurs();
}

function memberOf(holder: Json | undefined, name: unknown): Json | undefined {
  if (typeof name !== 'string' && typeof name !== 'number') return undefined;
  if (!Array.isArray(holder) && !isJsonObject(holder)) return undefined;
  return Object.hasOwn(holder, name) ? (holder as JsonObject)[name] : undefined;
}

function notOurs(): ReturnType<typeof fieldError> {
  return fieldError('message', 'must be that of a port');
}
