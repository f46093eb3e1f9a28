import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The programs of this repository that the demonstration starts, as files. */
export const PROGRAMS = {
  station: fileURLToPath(new URL('../../station/dist/main.js', import.meta.url)),
  dim: fileURLToPath(new URL('../../cli/dist/main.js', import.meta.url)),
} as const;

/** One line of JSON that a program has printed. */
export type Line = Readonly<Record<string, unknown>>;

/** How long a program may take to say what is waited for, in milliseconds. */
const PATIENCE = 60_000;

/** A program in a process of its own, whose lines are read. */
export class Program {
  readonly #child: ChildProcess;
  readonly #lines: Line[] = [];
  readonly #listeners = new Set<() => void>();
  #rest = '';
  #errors = '';

  /** @param file - the script that Node runs */
  constructor(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, [file, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-4000);
    });
    this.#child.once('exit', () => this.#tell());
    this.#child.once('error', () => this.#tell());
  }

  /**
   * The first line that is as wanted, of those that came already, too.
   *
   * @throws `Error` if the program ends before, or takes too long
   */
  async line(wanted: (line: Line) => boolean): Promise<Line> {
    const end = Date.now() + PATIENCE;
    for (;;) {
      const found = this.#lines.find(wanted);
      if (found !== undefined) return found;
      if (this.#ended) throw this.#failure('ended');
      if (Date.now() > end) throw this.#failure('says nothing');
      await this.#next();
    }
  }

  /**
   * Waits for the end of a program that ends by itself.
   *
   * @returns its lines
   * @throws `Error` if it fails
   */
  async end(): Promise<readonly Line[]> {
    if (!this.#ended) await once(this.#child, 'close');
    if (this.#child.exitCode !== 0) throw this.#failure('failed');
    return this.#lines;
  }

  /** Asks it to end, and waits for that. */
  async stop(): Promise<void> {
    if (this.#ended) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await closed;
    clearTimeout(timer);
  }

  get #ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const parsed = parse(line);
      if (parsed !== undefined) this.#lines.push(parsed);
    }
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Resolves when there is something new, and now and then. */
  async #next(): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(done);
        resolve();
      };
      const timer = setTimeout(done, 1000);
      this.#listeners.add(done);
    });
  }

  #failure(what: string): Error {
    const [, file, ...args] = this.#child.spawnargs;
    const last = this.#lines.at(-1);
    const said = last === undefined ? '' : JSON.stringify(last);
    return new Error(`${file} ${args.join(' ')}: ${what}\n${said}\n${this.#errors}`);
  }
}

function parse(line: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Line) : undefined;
  } catch {
    return undefined;
  }
}
