import { InvalidArgumentError, Option } from 'commander';

/** Reads a whole number. @throws for anything else, which commander tells */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new InvalidArgumentError(`a whole number from ${min} to ${max}`);
  };
}

/** Reads seconds, which may be parts of one. */
export function secondsOption(flags: string, what: string): Option {
  return new Option(flags, what).argParser((text) => {
    const number = /^\d{1,7}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isFinite(number)) return number;
    throw new InvalidArgumentError('a number of seconds');
  });
}

/** Collects the values of an option that may stand there several times. */
export function collecting(flags: string, what: string): Option {
  return new Option(flags, what).argParser((value: string, before: readonly string[] = []) => [
    ...before,
    value,
  ]);
}

/** For commands that may make a profile. */
export function noPassphrase(): Option {
  return new Option(
    '--no-passphrase',
    'a new profile gets a key in a file beside it instead: whoever can read your files can use it',
  );
}

/** The passphrase of a file with an identity. */
export function filePassphrase(): Option {
  return new Option(
    '--file-passphrase <file>',
    'file with the passphrase of the file; else DIM_FILE_PASSPHRASE, else it is asked',
  );
}

/** A command's examples, under its help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
