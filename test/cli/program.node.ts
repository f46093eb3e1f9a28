import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';
import type { JsonObject } from '../../packages/foundation/src/index.ts';

/** The program as one file of JavaScript, for this file of tests: nothing is built when tests run. */
const BUNDLE = fileURLToPath(
  new URL(`../../apps/cli/node_modules/dim-${process.pid}.mjs`, import.meta.url),
);
const packageFile = (folder: string): string =>
  fileURLToPath(new URL(`../../packages/${folder}/package.json`, import.meta.url));

/** Bundles the program from its sources. @returns what removes it */
export async function buildProgram(): Promise<() => Promise<void>> {
  const lmdb = createRequire(packageFile('store-lmdb')).resolve('lmdb');
  await build({
    entryPoints: [fileURLToPath(new URL('../../apps/cli/src/main.ts', import.meta.url))],
    outfile: BUNDLE,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@dimp/source'],
    // CommonJS packages inside ask for modules of Node.
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
    plugins: [
      {
        // Native code cannot be bundled, and is not found from where the bundle is.
        name: 'lmdb',
        setup: (bundler) => {
          bundler.onResolve({ filter: /^lmdb$/ }, () => ({
            path: pathToFileURL(lmdb).href,
            external: true,
          }));
        },
      },
    ],
    logLevel: 'error',
  });
  return () => rm(BUNDLE, { force: true });
}

/** A folder for profiles, removed with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dim-cli-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** How the program ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The lines of the standard output, read as JSON. */
  readonly json: readonly JsonObject[];
}

/** A program that is running. */
export interface Running {
  readonly process: ChildProcessWithoutNullStreams;
  /** Everything it has said so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Waits until the standard output matches. */
  said(pattern: RegExp): Promise<RegExpMatchArray>;
  readonly ended: Promise<Ended>;
}

/** How {@link start} starts the program. */
export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** User that the program runs as; for tests that run as root. */
  readonly uid?: number;
}

/** Starts the program in a session of its own, so that it has no terminal to ask on; it is killed with the test. */
export function start(data: string, args: readonly string[], options: RunOptions = {}): Running {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [BUNDLE, ...args], {
    detached: true,
    env: { PATH, DIM_DATA: data, ...options.env },
    ...(options.uid === undefined ? {} : { uid: options.uid }),
  });
  return running(child, options);
}

/** {@link start} with the standard output going to a file. */
export function startInto(file: string, data: string, args: readonly string[]): Running {
  const { PATH = '' } = process.env;
  const env = { PATH, DIM_DATA: data };
  const script = 'file=$1; shift; exec "$@" > "$file"';
  const words = ['-c', script, 'sh', file, process.execPath, BUNDLE, ...args];
  return running(spawn('sh', words, { detached: true, env }), { input: '' });
}

/** {@link start} on a terminal of its own, whose output is the standard output. */
export function startOnTerminal(data: string, args: readonly string[]): Running {
  const { PATH = '' } = process.env;
  const command = [process.execPath, BUNDLE, ...args].map((each) => `'${each}'`).join(' ');
  const env = { PATH, DIM_DATA: data, TERM: 'xterm', SHELL: '/bin/sh' };
  return running(spawn('script', ['-qec', command, '/dev/null'], { detached: true, env }));
}

function running(child: ChildProcessWithoutNullStreams, options: RunOptions = {}): Running {
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const listener of listeners) listener();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // A program that does not read its input may be gone before all of it is written.
  child.stdin.on('error', () => undefined);
  if (options.input !== undefined) child.stdin.end(options.input);
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (status) => resolve({ status, stdout, stderr, json: linesOf(stdout) }));
  });
  return {
    process: child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(stdout);
          if (found !== null) resolve(found);
        };
        listeners.add(look);
        look();
        void ended.then(() => reject(new Error(`ended without ${pattern}: ${stdout}${stderr}`)));
      }),
  };
}

/** Runs the program to its end. */
export function run(
  data: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ended> {
  return start(data, args, { input: '', ...options }).ended;
}

function linesOf(text: string): readonly JsonObject[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as JsonObject);
}
