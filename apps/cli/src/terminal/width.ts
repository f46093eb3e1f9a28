/** Splits a text at places where a terminal moves the cursor; an emoji of several characters stays whole. */
const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** Characters that fill two columns: East Asian scripts, full-width forms, pictures. */
const WIDE =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Bopomofo}\p{sc=Yi}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|\p{Emoji}\ufe0f/u;
/** Katakana of half a width, which the script alone would count as wide. */
const HALF = /^[\uff61-\uffdc]/u;
/** Marks that are drawn over the character before them. */
const MARK = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;

/** Columns that a text without control characters fills on a terminal. */
export function textWidth(text: string): number {
  // Most texts have none of the characters that need a closer look.
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += graphemeWidth(segment);
  return width;
}

/** Cuts a text to a number of columns. The last column shows that something is missing. */
export function fitted(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  let width = 1;
  let cut = '';
  for (const { segment } of segmenter.segment(text)) {
    width += graphemeWidth(segment);
    if (width > columns) break;
    cut += segment;
  }
  return columns < 1 ? '' : `${cut}…`;
}

function graphemeWidth(grapheme: string): number {
  if (MARK.test(grapheme)) return 0;
  return WIDE.test(grapheme) && !HALF.test(grapheme) ? 2 : 1;
}
