/**
 * Characters that a terminal interprets instead of showing: control characters, and those that change the writing direction.
 * Peers choose most of the printed text, and must not be able to move the cursor, rewrite lines or forge output.
 */
const CONTROL = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\ufeff\p{Surrogate}]/gu;

/** Makes a text safe to print on one or more lines. Unsafe characters are shown as `\u{…}`. */
export function printable(text: string): string {
  return text.replace(CONTROL, (each) =>
    each === '\t' ? '    ' : `\\u{${(each.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** Makes a text safe to print on one line. */
export function oneLine(text: string): string {
  return printable(text).replaceAll('\n', '\\n');
}

/** Shortens a long text, and adds its length. */
export function shortened(text: string, length = 120): string {
  const characters = [...text.slice(0, length * 2)];
  if (characters.length <= length && text.length <= length * 2) return text;
  return `${characters.slice(0, length).join('')}… (${text.length} characters)`;
}

/** Formats seconds since the epoch in UTC; the number itself if it is outside of the range of dates. */
export function timeText(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString();
}

/** Formats a number of bytes. */
export function sizeText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
