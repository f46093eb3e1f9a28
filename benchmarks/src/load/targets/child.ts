import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Place } from './target.ts';

/** How long a program may take to start, and to stop before it is killed. */
const START_MS = 30_000;
const STOP_MS = 15_000;

/** Starts a program on one processor. */
export function startProgram(
  command: string,
  args: readonly string[],
  processor: number | undefined,
  options: { readonly env?: NodeJS.ProcessEnv; readonly ipc?: boolean } = {},
): ChildProcess {
  const words =
    processor === undefined
      ? [command, ...args]
      : ['taskset', '-c', String(processor), command, ...args];
  return spawn(words[0] as string, words.slice(1), {
    stdio: ['ignore', 'ignore', 'inherit', ...(options.ipc ? (['ipc'] as const) : [])],
    env: { ...process.env, ...options.env },
  });
}

/** Stops a program of {@link startProgram} and waits for its end. */
export async function stopProgram(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(timer);
}

/** A server of this repository as a child process. It reports its port when it is ready, and collects garbage on request. */
export class NodeServer implements AsyncDisposable {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /**
   * Starts a program of `servers/`.
   *
   * @returns the server and its report
   * @throws if it ends before it is ready
   */
  static async start<T>(
    program: string,
    args: readonly string[],
    { processor, nodeArgs }: Place,
  ): Promise<{ server: NodeServer; ready: T }> {
    const path = fileURLToPath(new URL(`../servers/${program}.js`, import.meta.url));
    const words = ['--expose-gc', ...nodeArgs, ...process.execArgv, path, ...args];
    const child = startProgram(process.execPath, words, processor, { ipc: true });
    const ready = await new Promise<T>((resolve, reject) => {
      child.once('message', (message) => resolve(message as T));
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`${program} ended before it was ready`)));
    });
    return { server: new NodeServer(child), ready };
  }

  get pid(): number {
    return pidOf(this.#child);
  }

  /** Collects garbage. @returns bytes of heap and buffers in use */
  async settle(): Promise<number> {
    const answer = new Promise<number>((resolve) =>
      this.#child.once('message', (message) => resolve((message as { bytes: number }).bytes)),
    );
    this.#child.send('settle');
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await stopProgram(this.#child);
  }
}

/** The process id of a running program. */
export function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('the program did not start');
  return pid;
}

/**
 * Repeats a function until it succeeds.
 *
 * @throws the last error if the program has ended or too much time has passed
 */
export async function untilReady<T>(child: ChildProcess, attempt: () => Promise<T>): Promise<T> {
  const end = Date.now() + START_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const ended = child.exitCode !== null || child.signalCode !== null;
      if (ended || Date.now() > end) throw new Error('the server does not start', { cause: error });
      await sleep(100);
    }
  }
}
