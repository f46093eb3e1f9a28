import type { Output } from './output.ts';

/** Options that every command takes. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly profile?: string;
  readonly data?: string;
  readonly station?: readonly string[];
  readonly passphraseFile?: string;
  readonly wait?: number;
}

/** A standard input. Only a terminal has `setRawMode`. */
export interface InputStream extends NodeJS.ReadableStream {
  readonly isTTY?: boolean | undefined;
  setRawMode?(raw: boolean): unknown;
  unref?(): unknown;
}

/** A standard output or standard error. */
export interface OutputStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean | undefined;
  /** Width of a terminal. */
  readonly columns?: number | undefined;
}

/** The parts of the process that the program uses. No other code uses `process`. */
export interface Surroundings {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by SIGINT and SIGTERM; its reason is the failure to end with. */
  readonly signal: AbortSignal;
}

/** What a command gets: the surroundings, the global options and the output. */
export interface Context extends Surroundings {
  readonly options: GlobalOptions;
  readonly output: Output;
}
