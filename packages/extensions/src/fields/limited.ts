import { fieldError, ProtocolError } from '@dimp/foundation';
import { array, number, type Schema, schema, string } from '@dimp/foundation/schema';

/** Text of 1 to `max` UTF-16 units. */
export function textUpTo(max: number): Schema<string> {
  return schema(
    (value, field) => {
      const text = string.decode(value, field);
      if (text === '') throw fieldError(field, 'must not be empty');
      if (text.length > max) throw tooLong(field, max, 'characters');
      return text;
    },
    (value) => value,
  );
}

/** A list of `min` to `max` elements. */
export function listOf<T>(item: Schema<T>, min: number, max: number): Schema<readonly T[]> {
  const list = array(item, max);
  return schema<readonly T[]>(
    (value, field) => {
      const read = list.decode(value, field);
      if (read.length < min) throw fieldError(field, `must have at least ${min} elements`);
      return read;
    },
    (value) => list.encode(value),
  );
}

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number = Number.MAX_SAFE_INTEGER): Schema<number> {
  return schema(
    (value, field) => {
      const read = number.decode(value, field);
      if (!Number.isInteger(read) || read < min || read > max) {
        throw fieldError(field, `must be a whole number from ${min} to ${max}`);
      }
      return read;
    },
    (value) => value,
  );
}

function tooLong(field: string, max: number, limit: string): ProtocolError<'format/limit'> {
  return new ProtocolError('format/limit', `${field} has more than ${max} ${limit}`, {
    details: { field, limit, max },
  });
}
