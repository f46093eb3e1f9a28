/** Limit for the edits between a misspelt word and a suggestion. Shorter words allow fewer. */
const MOST_EDITS = 4;

/** Returns the word that is most similar to a misspelt one, if any is similar enough. Ignores case. */
export function suggestion(written: string, words: Iterable<string>): string | undefined {
  const wanted = written.toLowerCase();
  let best: string | undefined;
  let fewest = Math.min(MOST_EDITS, Math.ceil(wanted.length / 3));
  for (const word of words) {
    const edits = editsBetween(wanted, word.toLowerCase());
    if (edits > fewest || (edits === fewest && best !== undefined)) continue;
    best = word;
    fewest = edits;
  }
  return best;
}

/** Number of inserted, removed or replaced letters between two words (Levenshtein distance). */
function editsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
