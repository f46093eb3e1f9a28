import type { Context } from './context.ts';
import { sizeText } from './text.ts';

const WIDTH = 30;
/** Pause between two steps that are shown on a terminal, and as JSON, in milliseconds. */
const PAUSE = 100;
const JSON_PAUSE = 1000;

/** Which way a file goes. */
export type Direction = 'upload' | 'download';

/**
 * How far a file on its way has got: a bar on the terminal, lines of type `progress` as JSON, about one a second and one
 * at the end; nothing elsewhere.
 */
export class Progress implements Disposable {
  readonly #stderr: Context['stderr'];
  readonly #output: Context['output'];
  readonly #label: string;
  readonly #direction: Direction;
  readonly #visible: boolean;
  #last = 0;

  /** @param label - name of the file, ready to be printed */
  constructor(
    label: string,
    direction: Direction,
    { stderr, output }: Pick<Context, 'stderr' | 'output'>,
  ) {
    this.#stderr = stderr;
    this.#output = output;
    this.#label = label;
    this.#direction = direction;
    this.#visible = stderr.isTTY === true && !output.quiet && !output.json;
  }

  /** Shows how far it is. @param total - bytes of the whole, if they are known */
  show(done: number, total: number | undefined): void {
    const { json } = this.#output;
    if (!this.#visible && !json) return;
    const now = Date.now();
    if (now - this.#last < (json ? JSON_PAUSE : PAUSE) && done !== total) return;
    this.#last = now;
    if (json) {
      const facts = { file: this.#label, direction: this.#direction, done, total };
      this.#output.event('progress', facts, '');
      return;
    }
    const part = total === undefined || total === 0 ? 0 : Math.min(done / total, 1);
    const full = Math.round(part * WIDTH);
    const bar = `${'█'.repeat(full)}${'·'.repeat(WIDTH - full)}`;
    const percent = total === undefined ? '' : ` ${Math.floor(part * 100)} %`;
    this.#stderr.write(`\r\u001b[K${this.#label} ${bar}${percent} ${sizeText(done)}`);
  }

  [Symbol.dispose](): void {
    if (this.#visible && this.#last > 0) this.#stderr.write('\r\u001b[K');
  }
}
