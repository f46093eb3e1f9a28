/**
 * What a terminal would obey instead of show: control characters, and those that turn the direction of writing. Peers chose
 * most of what is printed here, and must not move the cursor, rewrite lines or forge output.
 */
const OBEYED = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\ufeff\p{Surrogate}]/gu;

/** A text that is safe to print on one or more lines; what is not is shown as `\u{…}`. */
export function printable(text: string): string {
  return text.replace(OBEYED, (each) =>
    each === '\t' ? '    ' : `\\u{${(each.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** {@link printable} on one line. */
export function oneLine(text: string): string {
  return printable(text).replaceAll('\n', '\\n');
}

/** The beginning of a long text, and how long it is. */
export function shortened(text: string, length = 120): string {
  const characters = [...text.slice(0, length * 2)];
  if (characters.length <= length && text.length <= length * 2) return text;
  return `${characters.slice(0, length).join('')}… (${text.length} characters)`;
}

/** Seconds since the epoch as people write it, in UTC; the number itself where no calendar has it. */
export function timeText(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString();
}

/** A number of bytes as people write it. */
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
