import type { Command } from 'commander';
import type { Context, GlobalOptions, Surroundings } from '../context.ts';
import type { Output } from '../output.ts';

/** A command's work; a number that it returns is the exit status. */
type Work<A extends readonly unknown[]> = (context: Context, ...args: A) => Promise<unknown>;

/** Runs the command that was called, with what the program has of its surroundings. */
export class Runner {
  readonly #surroundings: Surroundings;
  readonly #output: Output;
  #status = 0;

  constructor(surroundings: Surroundings, output: Output) {
    this.#surroundings = surroundings;
    this.#output = output;
  }

  /** Exit status of the command that ran. */
  get status(): number {
    return this.#status;
  }

  /** An action of commander: arguments, options of the command, the command. */
  action<A extends readonly unknown[]>(work: Work<A>): (...args: [...A, Command]) => Promise<void> {
    return async (...all) => {
      const command = all.at(-1) as Command;
      const args = all.slice(0, -1) as unknown as A;
      const options: GlobalOptions = command.optsWithGlobals();
      const context = { ...this.#surroundings, output: this.#output, options };
      const status = await work(context, ...args);
      this.#status = typeof status === 'number' ? status : 0;
    };
  }
}
