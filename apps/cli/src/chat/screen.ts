import { createInterface, type Interface } from 'node:readline';
import type { Context } from '../terminal/context.ts';
import { CommandFailure } from '../terminal/failure.ts';
import { Output } from '../terminal/output.ts';
import { oneLine } from '../terminal/text.ts';

/** Number of lines that the arrow keys bring back. */
const LINES_KEPT = 200;

/**
 * Input and output of a chat. On a terminal, output appears above the line that is being typed. Elsewhere, lines are read
 * and written as they come.
 */
export class Screen implements Disposable {
  /** Prints above the line that is being typed. */
  readonly output: Output;
  readonly #interface: Interface;
  readonly #lines: AsyncIterator<string>;
  readonly #terminal: boolean;
  readonly #context: Context;
  #stop: (() => void) | undefined;
  #closed = false;

  /** @param typed - earlier lines, the newest first */
  constructor(
    context: Context,
    typed: readonly string[],
    complete: (line: string) => readonly [string[], string],
  ) {
    const { stdin, stdout, stderr, output, signal } = context;
    this.#context = context;
    this.#terminal = stdin.isTTY === true && stdout.isTTY === true && !output.json;
    this.#interface = createInterface({
      input: stdin,
      ...(this.#terminal ? { output: stdout } : {}),
      terminal: this.#terminal,
      history: typed.slice(0, LINES_KEPT),
      historySize: LINES_KEPT,
      completer: (line: string) => complete(line) as [string[], string],
    });
    this.#interface.once('close', () => {
      this.#closed = true;
    });
    // Created now, because piped input arrives before the first line is requested.
    this.#lines = this.#interface[Symbol.asyncIterator]();
    const above = (write: (text: string) => unknown) => ({
      write: (text: string) => this.#above(text, write),
    });
    this.output = new Output(
      above((text) => stdout.write(text)),
      above((text) => (this.#terminal ? stdout : stderr).write(text)),
      output,
    );
    const close = (): void => this.#interface.close();
    signal.addEventListener('abort', close, { once: true });
    this.#stop = () => signal.removeEventListener('abort', close);
  }

  /** Sets the prompt. */
  prompt(text: string): void {
    if (!this.#terminal || this.#closed) return;
    this.#interface.setPrompt(`${oneLine(text)}> `);
    this.#interface.prompt(true);
  }

  /**
   * Yields typed lines until the input ends.
   *
   * @throws `interrupted` for Ctrl-C
   */
  async *lines(): AsyncGenerator<string> {
    let interrupted = false;
    this.#interface.on('SIGINT', () => {
      interrupted = true;
      this.#interface.close();
    });
    for (;;) {
      const { done, value } = await this.#lines.next();
      if (done === true) break;
      yield value;
      if (this.#terminal && !this.#closed) this.#interface.prompt(true);
    }
    this.#context.signal.throwIfAborted();
    if (interrupted) throw new CommandFailure('interrupted', 'interrupted');
  }

  [Symbol.dispose](): void {
    this.#stop?.();
    this.#interface.close();
    // An open standard input would keep the program running.
    this.#context.stdin.unref?.();
  }

  #above(text: string, write: (text: string) => unknown): void {
    if (!this.#terminal || this.#closed) {
      write(text);
      return;
    }
    write(`\r\u001b[J${text}`);
    this.#interface.prompt(true);
  }
}
