import { fieldError, utf8Encode } from '@dimp/foundation';
import { type Schema, schema, string } from '@dimp/foundation/schema';

/** Most bytes of an emoji in UTF-8; the longest family has 25. */
const MAX_BYTES = 32;

const PICTURE =
  '\\p{Extended_Pictographic}(?:\\p{EMod}|\\uFE0F)?(?:[\\u{E0020}-\\u{E007E}]+\\u{E007F})?';
/** Source of a regular expression with the flag `u`: one emoji, with its skin tone, joined parts, or flag. */
export const EMOJI_PATTERN: string = `\\p{RI}\\p{RI}|[0-9#*]\\uFE0F?\\u20E3|${PICTURE}(?:\\u200D${PICTURE})*`;
const EMOJI = new RegExp(`^(?:${EMOJI_PATTERN})$`, 'u');

/** Whether a text is exactly one emoji: not a word, not several, nothing invisible. */
export function isEmoji(text: string): boolean {
  return text.length <= MAX_BYTES && EMOJI.test(text) && utf8Encode(text).length <= MAX_BYTES;
}

/** One emoji. */
export const emoji: Schema<string> = /* @__PURE__ */ schema(
  (value, field) => {
    const text = string.decode(value, field);
    if (!isEmoji(text)) throw fieldError(field, 'must be one emoji');
    return text;
  },
  (value) => value,
);
