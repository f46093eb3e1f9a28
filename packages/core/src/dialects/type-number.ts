import { fieldError, type Json } from '@dimp/foundation';

/** Words for type numbers (spec §9.1). */
const WORDS: ReadonlyMap<string, string> = /* @__PURE__ */ new Map([
  ['text', '1'],
  ['file', '16'],
  ['image', '18'],
  ['audio', '20'],
  ['video', '22'],
  ['page', '32'],
  ['card', '51'],
  ['quote', '55'],
  ['money', '64'],
  ['transfer', '65'],
  ['command', '136'],
  ['history', '137'],
  ['application', '160'],
  ['array', '202'],
  ['customized', '204'],
  ['combine', '207'],
  ['forward', '255'],
]);

/**
 * Normalizes the type of a content or envelope to decimal text. Keeps unknown words (spec §1.7, §9.1).
 *
 * @returns undefined for a missing type
 * @throws `format/field` for anything but a text or a number
 */
export function normalizeType(value: Json | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (typeof value !== 'string' || value === '') throw fieldError('type', 'must be a type number');
  const word = WORDS.get(value);
  if (word !== undefined) return word;
  // "01" and "1" are the same number.
  return value.startsWith('0') && /^\d+$/.test(value) ? value.replace(/^0+(?=\d)/, '') : value;
}

/** Returns a type as current peers expect it in a content: a number if possible (spec §1.7). */
export function numericType(value: Json | undefined): Json | undefined {
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
}
