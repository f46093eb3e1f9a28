import { createInterface, type Interface } from 'node:readline';
import type { Context } from '../terminal/context.ts';
import { CommandFailure } from '../terminal/failure.ts';
import { Output } from '../terminal/output.ts';
import { oneLine } from '../terminal/text.ts';
import { fitted } from '../terminal/width.ts';
import { asTypedLine, PASTE_OFF, PASTE_ON, PasteInput, withLineEnds } from './paste.ts';

/** Number of typed lines that the arrow keys bring back. */
const LINES_KEPT = 200;
/** Columns of a terminal that does not say how many it has. */
const USUAL_COLUMNS = 80;
/** Columns that stay free for the line that is being typed. */
const FREE_COLUMNS = 12;
const SHORTEST_PROMPT = 6;

/**
 * Input and output of a chat. On a terminal, output appears above the line that is being typed, and a pasted text of several
 * lines is one line. Elsewhere, lines are read and written as they come.
 */
export class Screen implements Disposable {
  /** Prints above the line that is being typed. */
  readonly output: Output;
  /** Whether lines are typed on a terminal. */
  readonly isTerminal: boolean;
  readonly #interface: Interface;
  readonly #lines: AsyncIterator<string>;
  readonly #paste: PasteInput | undefined;
  readonly #context: Context;
  readonly #stop: () => void;
  #prompt = '';
  #interrupted = false;
  #closed = false;

  /** @param onKey - called when the line that is being typed changes */
  constructor(
    context: Context,
    complete: (line: string) => readonly [string[], string],
    onKey: (line: string) => void = () => {},
  ) {
    const { stdin, stdout, stderr, output, signal } = context;
    this.#context = context;
    this.isTerminal = stdin.isTTY === true && stdout.isTTY === true && !output.json;
    this.#paste = this.isTerminal ? new PasteInput(stdin) : undefined;
    this.#interface = createInterface({
      input: this.#paste ?? stdin,
      ...(this.isTerminal ? { output: stdout } : {}),
      terminal: this.isTerminal,
      historySize: LINES_KEPT,
      completer: (line: string) => complete(line) as [string[], string],
    });
    if (this.isTerminal) {
      stdout.write(PASTE_ON);
      this.#paste?.on('keypress', () => onKey(withLineEnds(this.#interface.line)));
    }
    this.#interface.once('close', () => {
      this.#closed = true;
    });
    this.#interface.on('SIGINT', () => {
      this.#interrupted = true;
      this.#interface.close();
    });
    // Created now, because piped input arrives before the first line is requested.
    this.#lines = this.#interface[Symbol.asyncIterator]();
    const above = (write: (text: string) => unknown) => ({
      write: (text: string) => this.#above(text, write),
    });
    this.output = new Output(
      above((text) => stdout.write(text)),
      above((text) => (this.isTerminal ? stdout : stderr).write(text)),
      output,
    );
    const close = (): void => this.#interface.close();
    signal.addEventListener('abort', close, { once: true });
    this.#stop = () => signal.removeEventListener('abort', close);
  }

  /** Sets the prompt: the name is cut on a narrow terminal, the mark after it is not. */
  prompt(name: string, mark = ''): void {
    if (!this.isTerminal || this.#closed) return;
    const { columns = USUAL_COLUMNS } = this.#context.stdout;
    const room = Math.max(SHORTEST_PROMPT, columns - FREE_COLUMNS - mark.length);
    const prompt = `${fitted(oneLine(name), room)}${mark}> `;
    if (prompt === this.#prompt) return;
    this.#erase();
    this.#prompt = prompt;
    this.#interface.setPrompt(prompt);
    this.#interface.prompt(true);
  }

  /** Sets the lines that the arrow keys bring back. @param lines - the newest first */
  remember(lines: readonly string[]): void {
    if (!this.isTerminal) return;
    Reflect.set(this.#interface, 'history', lines.slice(0, LINES_KEPT).map(asTypedLine));
  }

  /**
   * Yields typed lines until the input ends.
   *
   * @throws `interrupted` for Ctrl-C
   */
  async *lines(): AsyncGenerator<string> {
    for (;;) {
      const { done, value } = await this.#lines.next();
      if (done === true) break;
      yield withLineEnds(value);
      if (this.isTerminal && !this.#closed) this.#interface.prompt(true);
    }
    this.#context.signal.throwIfAborted();
    if (this.#interrupted) throw new CommandFailure('interrupted', 'interrupted');
  }

  /** Runs a task that uses the terminal itself, such as a question for a passphrase. */
  async suspended<T>(task: () => Promise<T>): Promise<T> {
    if (!this.isTerminal || this.#closed) return task();
    this.#erase();
    this.#interface.pause();
    this.#paste?.release();
    try {
      return await task();
    } finally {
      this.#paste?.connect();
      this.#paste?.setRawMode(true);
      this.#interface.prompt(true);
    }
  }

  [Symbol.dispose](): void {
    this.#stop();
    this.#interface.close();
    this.#paste?.release();
    if (this.isTerminal) this.#context.stdout.write(PASTE_OFF);
    // An open standard input would keep the program running.
    this.#context.stdin.unref?.();
  }

  #above(text: string, write: (text: string) => unknown): void {
    if (!this.isTerminal || this.#closed) {
      write(text);
      return;
    }
    this.#erase();
    write(text);
    this.#interface.prompt(true);
  }

  /** Erases the prompt and the line that is being typed, which may fill several rows. */
  #erase(): void {
    const { rows } = this.#interface.getCursorPos();
    const up = rows === 0 ? '' : `\u001b[${rows}A`;
    this.#context.stdout.write(`\r${up}\u001b[J`);
    // `readline` goes up by this number of rows before it draws the line again.
    Reflect.set(this.#interface, 'prevRows', 0);
  }
}
