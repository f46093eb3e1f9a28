import { CommandFailure, isSystemError } from './failure.ts';
import type { Interruption } from './interruption.ts';

/** A stream of the process that is written to. */
type Stream = Pick<NodeJS.WriteStream, 'write' | 'on'>;

/**
 * Watches the outputs of the process. When the standard output can no longer be written, the command ends as it does on a
 * signal, so that what it has begun is finished; nothing is thrown.
 */
export class Outputs {
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
    // Remarks that nobody can read change no result.
    stderr.on('error', () => {});
  }

  /**
   * Waits until all is written.
   *
   * @param status - exit status of the command
   * @returns the exit status of the program: results that are lost are a failure, but for a reader that wants no more
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
    ? new CommandFailure('output-closed', 'nobody reads the standard output any more')
    : new CommandFailure('file/unwritable', `the standard output cannot be written (${code})`);
}

function flushed(stream: Stream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}
