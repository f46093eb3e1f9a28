import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Paths of the programs that the demo starts. */
export const PROGRAMS = {
  station: fileURLToPath(new URL('../../station/dist/main.js', import.meta.url)),
  dim: fileURLToPath(new URL('../../cli/dist/main.js', import.meta.url)),
} as const;

/** One JSON line of the output of a program. */
export type Line = Readonly<Record<string, unknown>>;

/** Time to wait for an expected line. */
const LINE_TIMEOUT_MS = 60_000;

/** A program in a process of its own, which prints JSON lines. */
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
   * Waits for a line, which may have been printed already.
   *
   * @throws `Error` if the program ends first, or takes too long
   */
  async line(wanted: (line: Line) => boolean): Promise<Line> {
    const end = Date.now() + LINE_TIMEOUT_MS;
    for (;;) {
      const found = this.#lines.find(wanted);
      if (found !== undefined) return found;
      if (this.#ended) throw this.#failure('ended');
      if (Date.now() > end) throw this.#failure('has not printed the expected line in time');
      await this.#next();
    }
  }

  /**
   * Waits until the program exits by itself.
   *
   * @returns its lines
   * @throws `Error` if it fails
   */
  async end(): Promise<readonly Line[]> {
    if (!this.#ended) await once(this.#child, 'close');
    if (this.#child.exitCode !== 0) throw this.#failure('failed');
    return this.#lines;
  }

  /** Stops the program, and waits until it has exited. */
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

  /** Waits for new output, or for a second. */
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
