import { type Document, displayNumber, documentName, type ID, seedNumber } from '@dimp/mkm';

/** Most words of a search. */
const MAX_WORDS = 16;
/** Longest word of a search, in UTF-16 code units. */
const MAX_WORD = 256;
/** Longest part of a name that is searched. */
const MAX_NAME = 128;

/** Reads a search number: ten digits, with or without groups (spec §4.6). */
function readNumber(word: string): string | undefined {
  return /^\d{10}$|^\d{3}-\d{3}-\d{4}$/.test(word) ? word.replaceAll('-', '') : undefined;
}

/** Returns the searchable text of a user: name, ID and the two numbers, each in a line (spec §9.9). */
export function searchText(id: ID, visa: Document): string {
  const name = (documentName(visa) ?? '').slice(0, MAX_NAME).replace(/\s+/g, ' ');
  const number = displayNumber(id).replaceAll('-', '');
  const seed = String(seedNumber(id)).padStart(10, '0');
  return `\n${number}\n${seed}\n${name}\n${id.text}\n`.toLowerCase();
}

/**
 * Creates a test for {@link searchText}: all words must occur. A word of ten digits may also be a search number.
 *
 * @returns undefined for words that cannot be searched
 */
export function searchTest(words: readonly string[]): ((text: string) => boolean) | undefined {
  if (words.length === 0 || words.length > MAX_WORDS) return undefined;
  if (words.some((word) => word.length > MAX_WORD || /\s/.test(word))) return undefined;
  const terms = words.map((word) => ({ word: word.toLowerCase(), number: readNumber(word) }));
  // A single character would match most users, and so list them (spec §14.6 #54).
  if (!terms.some(({ word }) => [...word].length >= 2)) return undefined;
  return (text) => {
    const start = text.indexOf('\n', 12);
    return terms.every(
      ({ word, number }) =>
        text.indexOf(word, start) !== -1 ||
        (number !== undefined && text.slice(0, start + 1).includes(`\n${number}\n`)),
    );
  };
}
