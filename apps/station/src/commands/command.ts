import type { Argument, Option } from 'commander';
import type { Configuration } from '../config/configuration.ts';
import type { Output } from '../terminal/output.ts';

/** What a command gets to work with. */
export interface CommandContext {
  readonly output: Output;
  /**
   * Reads the configuration from flags, environment and file.
   *
   * @throws `config`, `file/unreadable`
   */
  readonly configuration: () => Promise<Configuration>;
}

/** One command of the program: what help says about it, and what it does. */
export interface CommandDefinition<
  Options extends object = object,
  Arguments extends readonly unknown[] = readonly unknown[],
> {
  readonly name: string;
  readonly description: string;
  readonly arguments?: readonly Argument[];
  readonly options?: readonly Option[];
  /** Does the work. Returns the exit status if it is not 0. */
  run(context: CommandContext, options: Options, ...args: Arguments): Promise<unknown>;
}
