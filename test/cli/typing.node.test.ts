import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  asTypedLine,
  PASTE_OFF,
  PASTE_ON,
  PasteInput,
  withLineEnds,
} from '../../apps/cli/src/chat/paste.ts';
import { Screen } from '../../apps/cli/src/chat/screen.ts';
import type { Context } from '../../apps/cli/src/terminal/context.ts';
import { Output } from '../../apps/cli/src/terminal/output.ts';
import { fitted, textWidth } from '../../apps/cli/src/terminal/width.ts';

const START = '\u001b[200~';
const END = '\u001b[201~';
/** A sequence that a terminal obeys, or a character that it shows. */
const SEQUENCE = /\p{Cc}\[\??([\d;]*)([A-Za-z~])|([\s\S])/gu;

/** A terminal of some columns: what is typed, and what is written. */
class FakeTerminal {
  readonly input = new PassThrough();
  readonly context: Context;
  written = '';

  constructor(columns: number) {
    const stdin = Object.assign(this.input, { isTTY: true, setRawMode: () => this.input });
    const stdout = Object.assign(new PassThrough(), { isTTY: true, columns });
    stdout.on('data', (bytes: Buffer) => {
      this.written += bytes.toString('utf8');
    });
    this.context = {
      stdin,
      stdout,
      stderr: stdout,
      env: {},
      signal: new AbortController().signal,
      options: {},
      output: new Output(stdout, stdout, { json: false, quiet: false }),
    };
  }

  /** The rows that are visible, if the terminal had no last row. Understands what `readline` and the screen write. */
  rows(): readonly string[] {
    const { columns = 80 } = this.context.stdout;
    const rows: string[][] = [[]];
    let [row, column] = [0, 0];
    const cells = (at: number): string[] => {
      while (rows.length <= at) rows.push([]);
      return rows[at] ?? [];
    };
    for (const [, code, key, other] of this.written.matchAll(SEQUENCE)) {
      const count = Number(code || 1);
      if (key === 'A') row = Math.max(0, row - count);
      else if (key === 'B') row += count;
      else if (key === 'C') column += count;
      else if (key === 'D') column = Math.max(0, column - count);
      else if (key === 'G') column = count - 1;
      else if (key === 'J') {
        cells(row).splice(column);
        rows.splice(row + 1);
      } else if (key === 'K') cells(row).splice(column);
      else if (key !== undefined) continue;
      else if (other === '\n') [row, column] = [row + 1, 0];
      else if (other === '\r') column = 0;
      else if (other !== undefined) {
        if (column >= columns) [row, column] = [row + 1, 0];
        cells(row)[column] = other;
        column += 1;
      }
    }
    return rows.map((each) =>
      Array.from(each, (cell) => cell ?? ' ')
        .join('')
        .trimEnd(),
    );
  }
}

async function pasted(chunks: readonly string[]): Promise<string> {
  const terminal = Object.assign(new PassThrough(), { isTTY: true });
  const input = new PasteInput(terminal);
  let text = '';
  input.on('data', (piece: string) => {
    text += piece;
  });
  for (const chunk of chunks) terminal.write(chunk);
  await new Promise((resolve) => setTimeout(resolve, 1));
  input.destroy();
  return withLineEnds(text);
}

test('a pasted text of several lines is one line, however the terminal cuts it into pieces', async () => {
  const whole = `a${START}one\r\ntwo\tthree\rfour\n${END}b`;
  for (let cut = 0; cut <= whole.length; cut++) {
    // An ESC alone is a key.
    if (whole[cut - 1] === '\u001b' && cut < 3) continue;
    expect(await pasted([whole.slice(0, cut), whole.slice(cut)]), String(cut)).toBe(
      'aone\ntwo    three\nfour\nb',
    );
  }
});

test('control characters of a pasted text do not act as keys, and typed keys do', async () => {
  expect(await pasted([`${START}x\u0003\u001b[A\u007f${END}`])).toBe('x[A');
  expect(await pasted(['\u001b', '[A', '\u0003'])).toBe('\u001b[A\u0003');
  // The sign that stands for a line end is not one by itself.
  expect(await pasted(['a\u2424b'])).toBe('a\u240ab');
});

test('a line that is brought back by the arrow keys keeps its line ends', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('\n', '\u2424', '\u240a', 'a', '部') }),
      (text) => {
        expect(withLineEnds(asTypedLine(text))).toBe(text.replaceAll('\u2424', '\u240a'));
      },
    ),
  );
});

test('columns are counted as a terminal fills them', () => {
  const widths = [
    ['abc', 3],
    ['部屋', 4],
    ['ｱｲｳ', 3],
    ['한국', 4],
    ['e\u0301', 1],
    ['👩‍👩‍👧‍👦', 2],
    ['🇨🇭', 2],
    ['❤️', 2],
    ['\u200b', 0],
  ] as const;
  for (const [text, width] of widths) expect(textWidth(text), text).toBe(width);
  expect(fitted('abcdef', 4)).toBe('abc…');
  expect(fitted('部屋の中', 6)).toBe('部屋…');
  expect(fitted('abc', 3)).toBe('abc');
  expect(fitted('abc', 0)).toBe('');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(30), (text, columns) => {
      expect(textWidth(fitted(text, columns))).toBeLessThanOrEqual(columns);
    }),
  );
});

test('output appears above a line that fills several rows of a terminal of 20 columns, and the line stays', async () => {
  const terminal = new FakeTerminal(20);
  using screen = new Screen(terminal.context, () => [[], '']);
  screen.prompt('a stranger with a long name', ' ✓');
  terminal.input.write('a line that is longer than the terminal is wide');
  await new Promise((resolve) => setTimeout(resolve, 5));
  screen.output.result('message', {}, 'hulk: hi');
  screen.output.result('message', {}, 'hulk: there');
  await new Promise((resolve) => setTimeout(resolve, 5));
  const rows = terminal.rows();
  expect(rows.slice(0, 2)).toEqual(['hulk: hi', 'hulk: there']);
  expect(rows.slice(2).join('')).toBe('a str… ✓> a line that is longer than the terminal is wide');
  expect(rows.slice(2).every((row) => row.length <= 20)).toBe(true);
  const lines = screen.lines();
  terminal.input.write('!\r');
  expect((await lines.next()).value).toBe('a line that is longer than the terminal is wide!');
});

test('a screen asks the terminal to mark pasted texts, and stops that at the end', async () => {
  const terminal = new FakeTerminal(80);
  const screen = new Screen(terminal.context, () => [[], '']);
  const lines = screen.lines();
  terminal.input.write(`${START}two\nlines${END}\r`);
  expect((await lines.next()).value).toBe('two\nlines');
  screen[Symbol.dispose]();
  await new Promise((resolve) => setTimeout(resolve, 1));
  expect(terminal.written.startsWith(PASTE_ON)).toBe(true);
  expect(terminal.written.endsWith(PASTE_OFF)).toBe(true);
});
