import { fieldError, isJsonObject, type Json, type JsonObject } from '@dimp/foundation';
import { type Schema, schema } from '@dimp/foundation/schema';

/** A schema of a whole content: its reader gets the wire object instead of any JSON. */
export function wireObject<T>(
  decode: (wire: JsonObject) => T,
  encode: (value: T) => JsonObject,
): Schema<T> {
  return schema<T>((value, field) => decode(asObject(value, field)), encode);
}

function asObject(value: Json | undefined, field: string): JsonObject {
  if (!isJsonObject(value)) throw fieldError(field, 'is no object');
  return value;
}

/** Text of at least one character that no member may lack. */
export function requiredText(value: Json | undefined, field: string): string {
  if (typeof value !== 'string' || value === '') throw fieldError(field, 'is missing or no text');
  return value;
}
