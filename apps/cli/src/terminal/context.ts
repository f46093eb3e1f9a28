import type { ReadStream, WriteStream } from 'node:tty';
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

/** What the program has of its surroundings: nothing else reaches for `process`. */
export interface Surroundings {
  readonly stdin: NodeJS.ReadStream | ReadStream;
  readonly stdout: NodeJS.WriteStream | WriteStream;
  readonly stderr: NodeJS.WriteStream | WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by SIGINT and SIGTERM; its reason is the failure to end with. */
  readonly signal: AbortSignal;
}

/** What a command works with. */
export interface Context extends Surroundings {
  readonly options: GlobalOptions;
  readonly output: Output;
}
