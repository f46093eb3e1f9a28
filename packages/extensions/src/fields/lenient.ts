import { isProtocolError } from '@dimp/foundation';
import { type FieldSchema, type Schema, schema, string } from '@dimp/foundation/schema';

/**
 * An optional member whose value counts as absent if it cannot be read. For members that only add to a content: a message must
 * not become unreadable because of them.
 */
export function ignored<T>(inner: Schema<T>): FieldSchema<T, true> & { optional: true } {
  const decode: Schema<T>['decode'] = (value, field) => {
    try {
      return inner.decode(value, field);
    } catch (error) {
      // `object` leaves out a member whose value is undefined.
      if (isProtocolError(error)) return undefined as T;
      throw error;
    }
  };
  return { ...schema(decode, inner.encode), optional: true };
}

/** A text of which the first `max` UTF-16 units count. A surrogate pair is not split. */
export function cutText(max: number): Schema<string> {
  const cut = (text: string): string =>
    text.length <= max
      ? text
      : text.slice(0, /[\uD800-\uDBFF]/.test(text.charAt(max - 1)) ? max - 1 : max);
  return schema((value, field) => cut(string.decode(value, field)), cut);
}
