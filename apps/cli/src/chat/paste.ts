import { Transform, type TransformCallback } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { InputStream } from '../terminal/context.ts';

/** What a terminal sends around a pasted text, once {@link PASTE_ON} was written to it. */
const START = '\u001b[200~';
const END = '\u001b[201~';
/** Asks the terminal to mark pasted texts, and to stop that. */
export const PASTE_ON = '\u001b[?2004h';
export const PASTE_OFF = '\u001b[?2004l';
/** Stands for a line end in a line that is being typed. */
const LINE_END = '\u2424';
/** What becomes of a typed or pasted {@link LINE_END}, so that each one in a line is a line end. */
const OTHER_SIGN = '\u240a';
/** Control characters of a pasted text that would act as keys. The tab would complete a name. */
const KEYS = /[^\P{Cc}\n]/gu;

/**
 * Input of a terminal for `readline`, which would submit each line of a pasted text by itself. The line ends of a pasted text
 * become visible signs, see {@link withLineEnds}, and its control characters are left out.
 */
export class PasteInput extends Transform {
  readonly isTTY = true;
  readonly #terminal: InputStream;
  readonly #decoder = new StringDecoder('utf8');
  #isPasting = false;
  /** Beginning of a mark that is not complete yet. */
  #rest = '';

  constructor(terminal: InputStream) {
    super({ decodeStrings: false, encoding: 'utf8' });
    this.#terminal = terminal;
    this.connect();
  }

  /** Reads from the terminal, again after {@link PasteInput.release}. */
  connect(): void {
    this.#terminal.pipe(this);
  }

  /** Called by `readline`. */
  setRawMode(raw: boolean): this {
    this.#terminal.setRawMode?.(raw);
    return this;
  }

  /** Gives the terminal back. */
  release(): void {
    this.#terminal.unpipe(this);
    this.#terminal.pause();
  }

  override _transform(
    chunk: Uint8Array | string,
    _: BufferEncoding,
    done: TransformCallback,
  ): void {
    const text = typeof chunk === 'string' ? chunk : this.#decoder.write(Buffer.from(chunk));
    done(null, this.#take(this.#rest + text));
  }

  #take(text: string): string {
    let output = '';
    let rest = text;
    for (;;) {
      const mark = this.#isPasting ? END : START;
      const at = rest.indexOf(mark);
      if (at === -1) break;
      output += this.#converted(rest.slice(0, at));
      rest = rest.slice(at + mark.length);
      this.#isPasting = !this.#isPasting;
    }
    // The second half of a line end may follow.
    const ending = this.#isPasting && rest.endsWith('\r') ? '\r' : '';
    this.#rest = ending || partOfMark(rest, this.#isPasting ? END : START);
    return output + this.#converted(rest.slice(0, rest.length - this.#rest.length));
  }

  #converted(text: string): string {
    const plain = text.replaceAll(LINE_END, OTHER_SIGN);
    if (!this.#isPasting) return plain;
    return plain
      .replace(/\r\n?/g, '\n')
      .replaceAll('\t', '    ')
      .replace(KEYS, '')
      .replaceAll('\n', LINE_END);
  }
}

/** Text of a line with the line ends that were pasted into it. */
export function withLineEnds(line: string): string {
  return line.replaceAll(LINE_END, '\n');
}

/** A text as one line that can be edited; the reverse of {@link withLineEnds}. */
export function asTypedLine(text: string): string {
  return text.replaceAll(LINE_END, OTHER_SIGN).replaceAll('\n', LINE_END);
}

/**
 * The end of a text that may be the beginning of a mark. A single ESC that is typed is not kept back, because it is a key, and a
 * terminal sends a mark in one piece.
 */
function partOfMark(text: string, mark: string): string {
  const shortest = mark === END ? 1 : 2;
  for (let length = Math.min(text.length, mark.length - 1); length >= shortest; length--) {
    if (mark.startsWith(text.slice(-length))) return text.slice(-length);
  }
  return '';
}
