import type { Context } from './context.ts';
import { sizeText } from './text.ts';

const BAR_WIDTH = 30;
/** Shortest time between two updates, on a terminal and as JSON. */
const TERMINAL_UPDATE_MS = 100;
const JSON_UPDATE_MS = 1000;

/** Direction of a file transfer. */
export type Direction = 'upload' | 'download';

/**
 * Shows the progress of a file transfer: as a bar on a terminal, or as JSON lines of type `progress`, about one per second
 * and one at the end. Shows nothing elsewhere.
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

  /** Shows the progress in bytes. @param total - size of the file, if it is known */
  show(done: number, total: number | undefined): void {
    const { json } = this.#output;
    if (!this.#visible && !json) return;
    const now = Date.now();
    if (now - this.#last < (json ? JSON_UPDATE_MS : TERMINAL_UPDATE_MS) && done !== total) return;
    this.#last = now;
    if (json) {
      const facts = { file: this.#label, direction: this.#direction, done, total };
      this.#output.event('progress', facts, '');
      return;
    }
    const part = total === undefined || total === 0 ? 0 : Math.min(done / total, 1);
    const full = Math.round(part * BAR_WIDTH);
    const bar = `${'█'.repeat(full)}${'·'.repeat(BAR_WIDTH - full)}`;
    const percent = total === undefined ? '' : ` ${Math.floor(part * 100)} %`;
    this.#stderr.write(`\r\u001b[K${this.#label} ${bar}${percent} ${sizeText(done)}`);
  }

  [Symbol.dispose](): void {
    if (this.#visible && this.#last > 0) this.#stderr.write('\r\u001b[K');
  }
}
