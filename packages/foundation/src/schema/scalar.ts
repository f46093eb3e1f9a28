import { fieldError, toBoolean, toNumber, toText } from '../coerce.ts';
import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import { decodeTed, encodeTed } from '../ted.ts';
import { type Schema, schema } from './schema.ts';

/** A text. */
export const string: Schema<string> = /* @__PURE__ */ schema(
  (value, field) => {
    if (typeof value !== 'string') throw fieldError(field, 'must be a text');
    return value;
  },
  (value) => value,
);

/** A text of at least one character. */
export const nonEmpty: Schema<string> = /* @__PURE__ */ schema(
  (value, field) => {
    const read = string.decode(value, field);
    if (read === '') throw fieldError(field, 'must not be empty');
    return read;
  },
  (value) => value,
);

/** A text or a number, read as a text (spec §1.7). */
export const text: Schema<string> = /* @__PURE__ */ schema(
  (value, field) => required(toText(value, field), field),
  (value) => value,
);

/** A finite number, or its text (spec §1.7). */
export const number: Schema<number> = /* @__PURE__ */ schema(
  (value, field) => required(toNumber(value, field), field),
  (value) => finite(value),
);

/** A time in seconds since the Unix epoch with fractions, or its text (spec §1.6). */
export const time: Schema<number> = number;

/** A boolean in the spellings of lenient peers (spec §1.7). */
export const boolean: Schema<boolean> = /* @__PURE__ */ schema(
  (value, field) => required(toBoolean(value, field), field),
  (value) => value,
);

/** A binary value in each form of spec §1.4, written as bare Base64. An empty text counts as missing. */
export const bytes: Schema<Uint8Array> = /* @__PURE__ */ schema(
  (value, field) => required(decodeTed(value), field),
  (value) => encodeTed(value),
);

/** Any JSON value but null. */
export const json: Schema<Json> = /* @__PURE__ */ schema(
  (value, field) => required(value, field) as Json,
  (value) => value,
);

/** A JSON object, unchanged. */
export const jsonObject: Schema<JsonObject> = /* @__PURE__ */ schema(
  (value, field) => {
    if (!isJsonObject(value)) throw fieldError(field, 'must be a JSON object');
    return value;
  },
  (value) => value,
);

/** One of the given texts. */
export function literal<const T extends string>(...values: readonly T[]): Schema<T> {
  return schema(
    (value, field) => {
      const found = values.find((each) => each === value);
      if (found === undefined) throw fieldError(field, 'must be one of the allowed texts');
      return found;
    },
    (value) => value,
  );
}

function required<T>(value: T | null | undefined, field: string): T {
  if (value === null || value === undefined) throw fieldError(field, 'is missing');
  return value;
}

function finite(value: number): number {
  if (!Number.isFinite(value))
    throw new RangeError('a number must be finite to be written as JSON');
  return value;
}
