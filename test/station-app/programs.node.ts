import { type ChildProcess, spawn } from 'node:child_process';
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
  new URL(
    `../../apps/station/node_modules/dim-station-${process.pid}-${Date.now()}.mjs`,
    import.meta.url,
  ),
);

/** Bundles the program from its sources. @returns what removes it */
export async function buildProgram(): Promise<() => Promise<void>> {
  const packageFile = new URL('../../packages/store-lmdb/package.json', import.meta.url);
  const lmdb = createRequire(fileURLToPath(packageFile)).resolve('lmdb');
  await build({
    entryPoints: [fileURLToPath(new URL('../../apps/station/src/main.ts', import.meta.url))],
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

/** A folder that is removed with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dim-station-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** How the program ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that is running. */
export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Everything it has said so far, log and remarks. */
  said(): string;
  /** Waits for a line of the log with an event. */
  logged(event: string): Promise<JsonObject>;
}

/** How {@link start} starts the program. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A file that the log goes to, instead of to the test. */
  readonly log?: number;
}

/** Starts the program; it is killed with the test. */
export function start(args: readonly string[], { env = {}, cwd, log }: RunOptions = {}): Running {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [BUNDLE, ...args], {
    env: { PATH, ...env },
    stdio: ['ignore', log ?? 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let [stdout, stderr] = ['', ''];
  const listeners = new Set<() => void>();
  const wake = (): void => {
    for (const listener of listeners) listener();
  };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    wake();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    wake();
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
  return {
    process: child,
    ended,
    said: () => stdout + stderr,
    logged: (event) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const line = logOf(stdout).find((each) => each['event'] === event);
          if (line === undefined) return;
          listeners.delete(look);
          resolve(line);
        };
        listeners.add(look);
        look();
        void ended.then(() => reject(new Error(`it ended without "${event}": ${stdout}${stderr}`)));
      }),
  };
}

/** Runs the program to its end. */
export function run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return start(args, options).ended;
}

/** A station of its own that listens on loopback. */
export interface StationProcess extends Running {
  readonly data: string;
  readonly port: number;
  readonly id: string;
  /** Ends it as an operator does. @returns how it ended */
  stop(): Promise<Ended>;
  /** Ends it as a power cut does. */
  kill(): Promise<void>;
}

/** Starts a station, and waits until it listens. */
export async function startStation(
  data: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<StationProcess> {
  const running = start(['--data', data, '--host', '127.0.0.1', '--port', '0', ...args], options);
  const { port, id } = await running.logged('station.listening');
  const child = running.process;
  return {
    ...running,
    data,
    port: Number(port),
    id: String(id),
    stop() {
      child.kill('SIGTERM');
      return running.ended;
    },
    async kill() {
      child.kill('SIGKILL');
      await running.ended;
    },
  };
}

/** Lines of a log; the last may not be complete yet. */
export function logOf(stdout: string): readonly JsonObject[] {
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as JsonObject);
}
