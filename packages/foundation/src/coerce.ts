import { ProtocolError } from './error.ts';
import type { Json } from './json.ts';

/**
 * A decimal number that a peer wrote as text (spec §1.7). No two adjacent repetitions of the pattern match the same digits:
 * otherwise a long text would take quadratic time.
 */
const DECIMAL = /^\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*$/;

/**
 * Reads a number that may be written as text (spec §1.6–1.7).
 *
 * @returns the number, or undefined for null and absent
 * @throws `format/field` for anything but a finite number
 */
export function toNumber(value: Json | undefined, field: string): number | undefined {
  if (value === null || value === undefined) return undefined;
  const number =
    typeof value === 'number'
      ? value
      : typeof value === 'string' && DECIMAL.test(value)
        ? Number(value)
        : Number.NaN;
  if (!Number.isFinite(number)) throw fieldError(field, 'must be a number');
  return number;
}

/**
 * Reads a number or text as text: `1`, `1.0` and `"1"` are the same type number on the wire (spec §1.7).
 *
 * @throws `format/field` for anything else
 */
export function toText(value: Json | undefined, field: string): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  throw fieldError(field, 'must be a text or a number');
}

/**
 * Reads a boolean in the spellings of lenient peers: booleans, 0 and 1, `true/yes/on/1` and their opposites.
 *
 * @throws `format/field` for anything else
 */
export function toBoolean(value: Json | undefined, field: string): boolean | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'boolean') return value;
  // An object is not converted to text: one with a member `toString` would throw another error.
  if (typeof value === 'object') throw fieldError(field, 'must be a boolean');
  const word = String(value).trim().toLowerCase();
  if (['true', 'yes', 'on', '1', 'ok'].includes(word)) return true;
  if (['false', 'no', 'off', '0', ''].includes(word)) return false;
  throw fieldError(field, 'must be a boolean');
}

/** Reads a time in seconds since the Unix epoch, with fractions (spec §1.6). */
export function toTime(value: Json | undefined, field = 'time'): number | undefined {
  return toNumber(value, field);
}

/** Creates a `format/field` error that names the member, never its value. */
export function fieldError(field: string, problem: string): ProtocolError<'format/field'> {
  return new ProtocolError('format/field', `${field} ${problem}`, { details: { field } });
}
