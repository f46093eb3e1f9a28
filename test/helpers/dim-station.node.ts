import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { Running } from '@dimp/fixtures/program';
import { inject } from 'vitest';
import { protocol } from '../../apps/station/src/config/protocol.ts';
import { createIdentity } from '../../apps/station/src/data/identity.ts';
import { runProgram } from '../../apps/station/src/program.ts';
import { Facebook } from '../../packages/client/src/index.ts';
import type { JsonObject } from '../../packages/foundation/src/index.ts';
import { lmdbStore } from '../../packages/store-lmdb/src/index.ts';
import { bundleOnce } from './bundle.node.ts';

const BUNDLE = await bundleOnce('apps/station/src/main.ts', 'apps/station/node_modules');
const { PATH = '' } = process.env;

/** How a run of `dim-station` ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of `dim-station`. */
export interface RunningProgram {
  readonly process: Running['process'];
  readonly ended: Promise<Ended>;
  /** Everything on its standard output and standard error so far. */
  said(): string;
  /** Waits for the log line of an event. */
  logged(event: string): Promise<JsonObject>;
}

/** Options for a run of `dim-station`. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Path of a file that the log goes to; then the test does not see it. */
  readonly log?: string;
}

/** Starts `dim-station`. The process is killed when the test is over. */
export function start(
  args: readonly string[],
  { env = {}, cwd, log }: RunOptions = {},
): RunningProgram {
  const command = [process.execPath, BUNDLE, ...args] as const;
  const options = { env: { PATH, ...env }, ...(cwd === undefined ? {} : { cwd }) };
  const redirect = ['-c', 'file=$1; shift; exec "$@" > "$file"', 'sh', log ?? ''];
  const running =
    log === undefined
      ? new Running(command[0], command.slice(1), options)
      : new Running('sh', [...redirect, ...command], options);
  return {
    process: running.process,
    ended: running.ended.then((status) => {
      const { stdout, stderr } = running;
      return { status, stdout, stderr };
    }),
    said: () => running.stdout + running.stderr,
    logged: (event) =>
      running.find(() => logOf(running.lines).find((each) => each['event'] === event)),
  };
}

/** Runs `dim-station` in a process of its own until it ends. */
export function run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return start(args, options).ended;
}

/** Runs `dim-station` in this process until it ends, which is faster; for commands that start no station. */
export async function runHere(
  args: readonly string[],
  { env = {}, cwd = process.cwd() }: Omit<RunOptions, 'log'> = {},
): Promise<Ended> {
  let [stdout, stderr] = ['', ''];
  const status = await runProgram(args, {
    stdout: {
      write(text) {
        stdout += text;
      },
    },
    stderr: {
      write(text) {
        stderr += text;
      },
    },
    env,
    folder: cwd,
  });
  return { status, stdout, stderr };
}

/** A process of `dim-station` that listens on the loopback address. */
export interface StationProcess extends RunningProgram {
  readonly data: string;
  readonly port: number;
  readonly id: string;
  /** Ends it by SIGTERM. */
  stop(): Promise<Ended>;
  /** Ends it by SIGKILL, as a power failure would. */
  kill(): Promise<void>;
}

/** Options for {@link startStation}. */
export interface StartOptions extends RunOptions {
  /** Lets the station create an identity of its own, instead of giving it one that other tests use, too. */
  readonly ownIdentity?: boolean;
}

/** Starts a station, and waits until it listens. @param data - its data folder */
export async function startStation(
  data: string,
  args: readonly string[] = [],
  { ownIdentity = false, ...options }: StartOptions = {},
): Promise<StationProcess> {
  if (!ownIdentity && !existsSync(join(data, 'store'))) await copyIdentity(data);
  const running = start(['--data', data, '--host', '127.0.0.1', '--port', '0', ...args], options);
  const { port, id } = await running.logged('station.listening');
  return {
    ...running,
    data,
    port: Number(port),
    id: String(id),
    stop() {
      running.process.kill('SIGTERM');
      return running.ended;
    },
    async kill() {
      running.process.kill('SIGKILL');
      await running.ended;
    },
  };
}

/** The log lines in a text, or in complete lines. */
export function logOf(log: string | readonly string[]): readonly JsonObject[] {
  // The last line of a text may be incomplete.
  const lines = typeof log === 'string' ? log.split('\n').slice(0, -1) : log;
  return lines.map((line) => JSON.parse(line) as JsonObject);
}

/** Store with an identity that {@link copyIdentity} copies, made once for each process that runs tests. */
let template: Promise<string> | undefined;

async function copyIdentity(data: string): Promise<void> {
  template ??= makeTemplate();
  await mkdir(data, { recursive: true, mode: 0o700 });
  await cp(await template, join(data, 'store'), { recursive: true });
}

async function makeTemplate(): Promise<string> {
  const path = await mkdtemp(join(inject('sharedFolder'), 'dim-station-'));
  await using store = await lmdbStore({ path });
  await using facebook = new Facebook({ protocol, store });
  await createIdentity(facebook, 'station');
  return path;
}
