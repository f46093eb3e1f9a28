import { EMOJI_PATTERN } from '@dimp/extensions/chat';

/** Most UTF-16 units of a text that are indexed. */
const MAX_TEXT = 65_536;
/** Most different terms of one message. */
const MAX_TERMS = 256;
/** Most UTF-16 units of one term. */
const MAX_TERM = 64;

/** Version of the rules below. An index of another version is made again. */
export const TOKEN_RULES = 1;

/** A stretch of a text that yields terms. */
interface Run {
  readonly kind: 'emoji' | 'unspaced' | 'word';
  readonly text: string;
}

/** Scripts that are written without spaces. The length mark of Katakana belongs to no script. */
const UNSPACED =
  '[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\u30FC\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}]';
const LETTER = `(?!${UNSPACED})[\\p{L}\\p{M}\\p{N}_]`;
const RUN = new RegExp(
  `(${EMOJI_PATTERN})|(${UNSPACED}+)|((?:${LETTER})+(?:'(?:${LETTER})+)*)`,
  'gu',
);

/** Accents of Latin, Greek and Cyrillic, Arabic vowel marks, and the Arabic lengthening stroke. */
const STRIPPED = /[\u0300-\u036F\u064B-\u065F\u0670\u0640]/g;

/**
 * Brings different spellings of a text into one: case, accents, width, Arabic letter forms. Search compares folded texts.
 */
export function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(STRIPPED, '')
    .toLowerCase()
    .normalize('NFKC')
    .replace(/[أإآ]/g, 'ا')
    .replaceAll('ى', 'ي')
    .replaceAll('ة', 'ه')
    .replaceAll('\u2019', "'");
}

/**
 * Terms under which a text is found: words, characters and pairs of characters of scripts without spaces, whole emoji. At
 * most 256 different ones of the first 64 Ki characters.
 */
export function termsOf(text: string): ReadonlySet<string> {
  const terms = new Set<string>();
  for (const run of runsOf(text)) {
    for (const term of run.kind === 'unspaced' ? charactersAndPairs(run.text) : [termOf(run)]) {
      if (terms.size === MAX_TERMS) return terms;
      terms.add(term);
    }
  }
  return terms;
}

/** What a query asks for. */
export interface QueryTerms {
  /** Terms that a message must have, all of them. */
  readonly terms: readonly string[];
  /** The beginning of a term that a message must have; the last word of a query may be unfinished. */
  readonly prefix?: string;
}

/** Most terms of a query. */
const MAX_QUERY_TERMS = 32;
/** Most UTF-16 units of a query. */
const MAX_QUERY = 1024;
/** Fewest characters of a word that counts as the beginning of others. */
const MIN_PREFIX = 2;

/** Terms of a query. Its last word, if nothing follows it, also finds the words that begin with it. */
export function queryTermsOf(query: string): QueryTerms {
  const text = query.slice(0, MAX_QUERY);
  const runs = [...runsOf(text)];
  const last = runs.at(-1);
  const unfinished = last?.kind === 'word' && fold(text).endsWith(last.text);
  const prefix = unfinished && last.text.length >= MIN_PREFIX ? termOf(last) : undefined;
  const finished = prefix === undefined ? runs : runs.slice(0, -1);
  const terms = new Set(
    finished.flatMap((run) => (run.kind === 'unspaced' ? pairs(run.text) : [termOf(run)])),
  );
  return {
    terms: [...terms].slice(0, MAX_QUERY_TERMS),
    ...(prefix === undefined ? {} : { prefix }),
  };
}

function* runsOf(text: string): Generator<Run> {
  for (const [, emoji, unspaced, word] of fold(text.slice(0, MAX_TEXT)).matchAll(RUN)) {
    if (emoji !== undefined) yield { kind: 'emoji', text: emoji };
    else if (unspaced !== undefined) yield { kind: 'unspaced', text: unspaced };
    else if (word !== undefined) yield { kind: 'word', text: word };
  }
}

/** The prefix keeps emoji apart from words. The variation selector is optional in many places where people see the same. */
function termOf({ kind, text }: Run): string {
  return kind === 'emoji' ? `e:${text.replaceAll('\uFE0F', '')}` : cut(text);
}

function* charactersAndPairs(text: string): Generator<string> {
  let before = '';
  for (const character of text) {
    if (before !== '') yield before + character;
    yield character;
    before = character;
  }
}

/** Pairs say more than single characters, so a query of several characters asks for pairs only. */
function pairs(text: string): string[] {
  const characters = [...text];
  if (characters.length === 1) return characters;
  return characters.slice(1).map((character, at) => (characters[at] as string) + character);
}

/** Cuts a long word, and never through a surrogate pair. */
function cut(word: string): string {
  if (word.length <= MAX_TERM) return word;
  const end = (word.codePointAt(MAX_TERM - 1) as number) > 0xffff ? MAX_TERM - 1 : MAX_TERM;
  return word.slice(0, end);
}

/** Pieces of a text that a phrase compares: words, single characters of scripts without spaces, emoji. */
export function unitsOf(text: string): readonly string[] {
  return [...runsOf(text)].flatMap((run) =>
    run.kind === 'unspaced' ? [...run.text] : [termOf(run)],
  );
}
