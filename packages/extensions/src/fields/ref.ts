import { fieldError } from '@dimp/foundation';
import { type Schema, schema, string } from '@dimp/foundation/schema';

/** Whether a text has the form of a ref. */
export function isRef(text: string): boolean {
  return /^[A-Za-z0-9_-]{22}$/.test(text);
}

/** A ref of 22 characters. */
export const ref: Schema<string> = /* @__PURE__ */ schema(
  (value, field) => {
    const text = string.decode(value, field);
    if (!isRef(text)) throw fieldError(field, 'must be 22 characters of Base64url');
    return text;
  },
  (value) => value,
);
