import { join } from 'node:path';
import { type Line, PROGRAMS, Program } from './program.ts';

/** A person who uses `dim` with a folder of their own, as on a machine of their own. */
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

  /** Folder of their profiles. */
  get folder(): string {
    return this.#folder;
  }

  /** Creates their identity. */
  async register(): Promise<void> {
    const lines = await this.run('register', this.name, '--no-passphrase').end();
    this.#id = textOf(
      lines.find(({ type }) => type === 'identity'),
      'id',
    );
  }

  /** Starts `dim --json`. */
  run(...args: readonly string[]): Program {
    const global = ['--json', '--data', this.#folder, '--station', this.#station];
    return new Program(PROGRAMS.dim, [...global, ...args], { DIM_PASSPHRASE: '' });
  }
}

/**
 * A text member of a JSON line.
 *
 * @throws `Error` if there is none
 */
export function textOf(line: Line | undefined, name: string): string {
  const value = line?.[name];
  if (typeof value !== 'string') throw new Error(`the output of a program has no "${name}"`);
  return value;
}
