import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';

/** A process that runs a program of `program.child.ts`. */
export interface Child {
  readonly process: ChildProcessWithoutNullStreams;
  /** Complete lines it has said. */
  readonly lines: readonly string[];
  /** Waits for a line. */
  said(line: string): Promise<void>;
  /** Waits until it has ended and everything it said was heard. */
  readonly ended: Promise<void>;
}

/**
 * Where the programs are as one file of JavaScript, for this file of tests. From there `lmdb` is found as from the
 * package.
 */
const BUNDLE = fileURLToPath(
  new URL(`../node_modules/.cache/programs-${process.pid}.mjs`, import.meta.url),
);

/**
 * Makes the programs: Node cannot run the sources, and nothing is built when tests run.
 *
 * @returns what removes them
 */
export async function buildPrograms(): Promise<() => Promise<void>> {
  await build({
    entryPoints: [fileURLToPath(new URL('program.child.ts', import.meta.url))],
    outfile: BUNDLE,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@dimp/source'],
    external: ['lmdb'],
    logLevel: 'error',
  });
  return () => rm(BUNDLE, { force: true });
}

/** How {@link start} starts a program. */
export interface StartOptions {
  /** Third argument of the program. */
  readonly run?: string;
  /** What a shell does first, such as `ulimit`. */
  readonly shell?: string;
  /** User that it runs as. */
  readonly uid?: number | undefined;
}

/** Starts a program; it is killed when the test is over. */
export function start(program: string, path: string, options: StartOptions = {}): Child {
  const { run = '', shell, uid } = options;
  const args = [BUNDLE, program, path, run];
  const as = uid === undefined ? {} : { uid };
  const child =
    shell === undefined
      ? spawn(process.execPath, args, as)
      : spawn('sh', ['-c', `${shell}; exec "$0" "$@"`, process.execPath, ...args], as);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const lines: string[] = [];
  let rest = '';
  let errors = '';
  const listeners = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
    for (const listener of listeners) listener();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => resolve());
  });
  return {
    process: child,
    lines,
    ended,
    said: (line) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (lines.includes(line)) resolve();
        };
        listeners.add(look);
        look();
        void ended.then(() => reject(new Error(`it ended without saying "${line}": ${errors}`)));
      }),
  };
}
