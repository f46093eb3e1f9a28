import type { Context } from './context.ts';
import { sizeText } from './text.ts';

const WIDTH = 30;
/** Pause between two steps that are shown, in milliseconds. */
const PAUSE = 100;

/** A bar on the terminal while a file is on its way; nothing where there is no terminal. */
export class Progress implements Disposable {
  readonly #stderr: Context['stderr'];
  readonly #label: string;
  readonly #visible: boolean;
  #last = 0;

  constructor(label: string, { stderr, output }: Pick<Context, 'stderr' | 'output'>) {
    this.#stderr = stderr;
    this.#label = label;
    this.#visible = stderr.isTTY === true && !output.quiet && !output.json;
  }

  /** Shows how far it is. */
  show(done: number, total: number | undefined): void {
    const now = Date.now();
    if (!this.#visible || (now - this.#last < PAUSE && done !== total)) return;
    this.#last = now;
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
