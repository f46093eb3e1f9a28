import { fold } from '../tokens.ts';
import type { Asked } from './asked.ts';

/** Most parts of a text that are marked. */
const MAX_RANGES = 64;
/** Most UTF-16 units of a text in which parts are marked. */
const MAX_TEXT = 65_536;
/** A character with the marks that belong to it. */
const CLUSTER = /\P{M}\p{M}*|\p{M}+/gu;

/** A part of a text, in UTF-16 units. */
export type Range = readonly [start: number, end: number];

/** The parts of a text to mark for a query, in their order. */
export function rangesOf(text: string, { terms, prefix }: Asked): readonly Range[] {
  const { folded, starts } = foldedWithPlaces(text.slice(0, MAX_TEXT));
  const found: Range[] = [];
  for (const term of new Set([...terms, ...(prefix === undefined ? [] : [prefix])])) {
    const word = term.replace(/^e:/, '');
    const open = term === prefix;
    for (let at = folded.indexOf(word); at >= 0; at = folded.indexOf(word, at + word.length)) {
      if (found.length === MAX_RANGES) break;
      if (!isWhole(folded, at, word, open)) continue;
      found.push([starts[at] as number, starts[at + word.length] as number]);
    }
  }
  return joined(found.sort(([a], [b]) => a - b));
}

/** The folded text, and where each of its units comes from. */
function foldedWithPlaces(text: string): { folded: string; starts: readonly number[] } {
  let folded = '';
  const starts: number[] = [];
  for (const { 0: cluster, index } of text.matchAll(CLUSTER)) {
    const own = fold(cluster);
    for (let unit = 0; unit < own.length; unit++) starts.push(index);
    folded += own;
  }
  starts.push(text.length);
  return { folded, starts };
}

const LETTER = /[\p{L}\p{M}\p{N}_]/u;
const SPACED = /^[\p{L}\p{N}_]/u;
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u30FC\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** Whether a word stands alone. In scripts without spaces, every place counts. */
function isWhole(text: string, at: number, word: string, open: boolean): boolean {
  if (UNSPACED.test(word) || !SPACED.test(word)) return true;
  const isLetter = (character: string | undefined): boolean =>
    character !== undefined && LETTER.test(character) && !UNSPACED.test(character);
  const before = [...text.slice(Math.max(0, at - 2), at)].at(-1);
  const [after] = text.slice(at + word.length, at + word.length + 2);
  return !isLetter(before) && (open || !isLetter(after));
}

/** Joins parts that touch. */
function joined(ranges: readonly Range[]): readonly Range[] {
  const result: [number, number][] = [];
  for (const [start, end] of ranges) {
    const last = result.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else result.push([start, end]);
  }
  return result;
}
