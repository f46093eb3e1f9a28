/** Most edits between a word and the one that was meant; longer words allow more, up to this. */
const MOST_EDITS = 4;

/** The word that somebody meant, if one is near enough to what he wrote. Case does not count. */
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

/** How many letters have to be put in, left out, or replaced (Levenshtein). */
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
