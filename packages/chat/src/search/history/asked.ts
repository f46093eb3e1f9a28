import { type QueryTerms, queryTermsOf, termsOf, unitsOf } from '../tokens.ts';

/** Most UTF-16 units of a query. */
const MAX_QUERY = 1024;
/** Most terms of a query. */
const MAX_TERMS = 32;

/** What a query asks for. */
export interface Asked extends QueryTerms {
  /** Pieces that must follow each other in the text. */
  readonly phrases: readonly (readonly string[])[];
}

/** Reads a query: words, and phrases in `"…"`. */
export function readQuery(query: string): Asked {
  const text = query.slice(0, MAX_QUERY);
  const quoted = [...text.matchAll(/"([^"]*)"/g)].map(([, phrase = '']) => phrase);
  const rest = queryTermsOf(text.replace(/"[^"]*"/g, ' '));
  // Nothing follows a closing quotation mark, so that a phrase ends with a whole word.
  const terms = new Set([
    ...quoted.flatMap((phrase) => queryTermsOf(`${phrase} `).terms),
    ...rest.terms,
  ]);
  return {
    ...rest,
    terms: [...terms].slice(0, MAX_TERMS),
    phrases: quoted.map(unitsOf).filter((units) => units.length > 1),
  };
}

/** Whether a text has what a query asks for. */
export function fits(text: string, { terms, prefix, phrases }: Asked): boolean {
  const own = termsOf(text);
  if (!terms.every((term) => own.has(term))) return false;
  if (prefix !== undefined && ![...own].some((term) => term.startsWith(prefix))) return false;
  if (phrases.length === 0) return true;
  const units = unitsOf(text);
  return phrases.every((phrase) => hasPhrase(units, phrase));
}

function hasPhrase(units: readonly string[], phrase: readonly string[]): boolean {
  return units.some((_, at) => phrase.every((unit, behind) => units[at + behind] === unit));
}
