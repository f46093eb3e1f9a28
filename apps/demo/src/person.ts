import { join } from 'node:path';
import { type Line, PROGRAMS, Program } from './program.ts';

/** Somebody with the command line program and a folder of his own, as on a machine of his own. */
export class Person {
  readonly name: string;
  readonly #folder: string;
  readonly #station: string;
  #id = '';

  /** @param station - `HOST:PORT` */
  constructor(name: string, folder: string, station: string) {
    this.name = name;
    this.#folder = join(folder, name);
    this.#station = station;
  }

  get id(): string {
    return this.#id;
  }

  /** Where he keeps everything. */
  get folder(): string {
    return this.#folder;
  }

  /** Makes his identity. */
  async register(): Promise<void> {
    const lines = await this.run('register', this.name, '--no-passphrase').end();
    this.#id = textOf(
      lines.find(({ type }) => type === 'identity'),
      'id',
    );
  }

  /** Starts the program; with `--json`, so that its lines can be read. */
  run(...args: readonly string[]): Program {
    const global = ['--json', '--data', this.#folder, '--station', this.#station];
    return new Program(PROGRAMS.dim, [...global, ...args], { DIM_PASSPHRASE: '' });
  }
}

/**
 * A text in a line of a program.
 *
 * @throws `Error` if there is none
 */
export function textOf(line: Line | undefined, name: string): string {
  const value = line?.[name];
  if (typeof value !== 'string') throw new Error(`a program does not tell "${name}"`);
  return value;
}
