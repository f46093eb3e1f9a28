import { fieldError } from '../coerce.ts';
import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import { type Schema, schema } from './schema.ts';

/** A schema of an object whose members do not map one to one: its reader gets the whole JSON object. */
export function wireObject<T>(
  decode: (wire: JsonObject) => T,
  encode: (value: T) => JsonObject,
): Schema<T> {
  return schema<T>((value, field) => decode(asObject(value, field)), encode);
}

function asObject(value: Json | undefined, field: string): JsonObject {
  if (!isJsonObject(value)) throw fieldError(field, 'must be a JSON object');
  return value;
}

/**
 * Reads a text of at least one character.
 *
 * @throws `format/field`
 */
export function requiredText(value: Json | undefined, field: string): string {
  if (typeof value !== 'string' || value === '')
    throw fieldError(field, 'must be a non-empty text');
  return value;
}
