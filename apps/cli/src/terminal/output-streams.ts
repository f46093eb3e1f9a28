import { CommandFailure, isSystemError } from './failure.ts';
import type { Interruption } from './interruption.ts';

/** An output stream of the process. */
type Stream = Pick<NodeJS.WriteStream, 'write' | 'on'>;

/**
 * Handles errors of the standard output and standard error. If the standard output cannot be written any more, the command
 * ends as on a signal and can finish its work.
 */
export class OutputStreams {
  readonly #stdout: Stream;
  readonly #stderr: Stream;
  #failure: CommandFailure | undefined;

  constructor(stdout: Stream, stderr: Stream, { end }: Interruption) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    stdout.on('error', (error) => {
      this.#failure ??= failureOfOutput(error);
      end(this.#failure);
    });
    // Lost remarks do not change the result.
    stderr.on('error', () => {});
  }

  /**
   * Waits until everything is written.
   *
   * @param status - exit status of the command
   * @returns the exit status of the program: lost results are a failure, unless the reader has closed the output
   */
  async settled(status: number): Promise<number> {
    await flushed(this.#stdout);
    const failure = this.#failure;
    if (failure === undefined || failure.code === 'output-closed') return status;
    this.#stderr.write(`dim: ${failure.message} [${failure.code}]\n`);
    await flushed(this.#stderr);
    return failure.exit;
  }
}

function failureOfOutput(error: unknown): CommandFailure {
  const code = isSystemError(error) ? error.code : 'unknown';
  return code === 'EPIPE'
    ? new CommandFailure('output-closed', 'the reader has closed the standard output')
    : new CommandFailure('file/unwritable', `the standard output cannot be written (${code})`);
}

function flushed(stream: Stream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}
