/** Value, or a promise of one. Plug-in authors may return either; facades always return a promise. */
export type MaybePromise<T> = T | Promise<T>;
/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
/** A JSON object; members set to `undefined` count as absent and are not written. */
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** Tells a plain JSON object from arrays, null and primitives. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Compares two JSON values as data: the order of members does not matter, `1` equals `1.0`,
 * and an `undefined` member equals an absent one.
 */
export function equalJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => equalJson(item as Json, b[i] as Json));
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    if (!equalJson(ownMember(a, key), ownMember(b, key))) return false;
  }
  return true;
}

/** Own member of an object, never one of its prototype (`constructor`, `toString` …). */
export function ownMember(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
