import { type Argument, type Command, InvalidArgumentError, Option } from 'commander';
import type { Context } from '../terminal/context.ts';

/** May stand before the ID of a message; the program puts it there if the ID begins with a dash. */
export const MESSAGE_MARK = '#';

/** What a command gets to work with. */
export interface CommandContext extends Context {
  /** The whole program with all commands loaded, for shell completion. */
  readonly program: () => Promise<Command>;
}

/** What help and shell completion say about a command or a group of commands. */
interface CommandHelp {
  /** The word that calls it, followed by its arguments: `send <receiver> [text...]`. */
  readonly usage: string;
  /** One line in the list of commands; the description by default. */
  readonly summary?: string;
  readonly description: string;
  /** Calls that work as they stand. */
  readonly examples: readonly string[];
}

/** One command of the program. */
export interface CommandDefinition<
  Options extends object = object,
  Arguments extends readonly unknown[] = readonly unknown[],
> extends CommandHelp {
  /** Arguments that `usage` cannot describe, such as a choice of words. */
  readonly arguments?: readonly Argument[];
  readonly options?: readonly Option[];
  /** Does the work. Returns the exit status if it is not 0. */
  run(context: CommandContext, options: Options, ...args: Arguments): Promise<unknown>;
}

/** Commands below one word, such as `dim contacts add`. The first one runs when none is named. */
export interface CommandGroup extends CommandHelp {
  readonly commands: readonly CommandDefinition[];
}

/** An option without further rules. */
export function option(flags: string, description: string): Option {
  return new Option(flags, description);
}

/** An option whose value is a whole number from `min` to `max`. */
export function wholeNumberOption(
  flags: string,
  description: string,
  min: number,
  max: number,
): Option {
  return new Option(flags, description).argParser((text) => {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new InvalidArgumentError(`a whole number from ${min} to ${max}`);
  });
}

/** An option whose value is a number of seconds, with up to three decimals. */
export function secondsOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text) => {
    const number = /^\d{1,7}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isFinite(number)) return number;
    throw new InvalidArgumentError('a number of seconds');
  });
}

/** An option that may be given several times; its values are collected into an array. */
export function repeatableOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser(
    (value: string, before: readonly string[] = []) => [...before, value],
  );
}

/** `--no-passphrase`, for commands that may create a profile. */
export function noPassphraseOption(): Option {
  return new Option(
    '--no-passphrase',
    'protect a new profile with a key file instead: anyone who can read your files can use it',
  );
}

/** `--file-passphrase`, for commands that read or write an exported identity. */
export function filePassphraseOption(): Option {
  return new Option(
    '--file-passphrase <file>',
    'file with the passphrase of the exported file; else DIM_FILE_PASSPHRASE, else dim asks',
  );
}

/** The examples below the help of a command. */
export function examplesText(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
