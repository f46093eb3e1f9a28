import { Readable, Writable } from 'node:stream';
import { Running } from '@dimp/fixtures/program';
import { runProgram } from '../../apps/cli/src/program.ts';
import type { Surroundings } from '../../apps/cli/src/terminal/context.ts';
import type { JsonObject } from '../../packages/foundation/src/index.ts';
import { bundleOnce } from './bundle.node.ts';

const BUNDLE = await bundleOnce('apps/cli/src/main.ts', 'apps/cli/node_modules');
const { PATH = '' } = process.env;

/** How a run of `dim` ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The lines of the standard output that are JSON. */
  readonly json: readonly JsonObject[];
}

/** A process of `dim`. */
export interface RunningDim {
  readonly process: Running['process'];
  /** Waits until the standard output so far matches. */
  said(pattern: RegExp): Promise<RegExpMatchArray>;
  readonly ended: Promise<Ended>;
}

/** Options for a run of `dim`. */
export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** ID of the user that the process runs as, for tests that run as root. */
  readonly uid?: number;
}

/**
 * Starts `dim` in a session of its own, so that it has no terminal. The process is killed when the test is over.
 *
 * @param data - folder of the profiles
 */
export function start(
  data: string,
  args: readonly string[],
  { input, env, uid }: RunOptions = {},
): RunningDim {
  const running = new Running(process.execPath, [BUNDLE, ...args], {
    detached: true,
    env: { PATH, DIM_DATA: data, ...env },
    ...(uid === undefined ? {} : { uid }),
  });
  if (input !== undefined) running.process.stdin.end(input);
  return runningDim(running);
}

/** {@link start} with the standard output going to a file. */
export function startInto(file: string, data: string, args: readonly string[]): RunningDim {
  const script = 'file=$1; shift; exec "$@" > "$file"';
  const words = ['-c', script, 'sh', file, process.execPath, BUNDLE, ...args];
  const running = new Running('sh', words, { detached: true, env: { PATH, DIM_DATA: data } });
  running.process.stdin.end();
  return runningDim(running);
}

/** {@link start} on a terminal of its own, whose output is the standard output. */
export function startOnTerminal(data: string, args: readonly string[]): RunningDim {
  const command = [process.execPath, BUNDLE, ...args].map((each) => `'${each}'`).join(' ');
  const env = { PATH, DIM_DATA: data, TERM: 'xterm', SHELL: '/bin/sh' };
  const words = ['-qec', command, '/dev/null'];
  return runningDim(new Running('script', words, { detached: true, env }));
}

/** Runs `dim` in a process of its own until it ends. */
export function run(
  data: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ended> {
  return start(data, args, { input: '', ...options }).ended;
}

/** Runs `dim` in this process until it ends, which is faster. Everything but the process is the same. */
export async function runHere(
  data: string,
  args: readonly string[],
  { input = '', env }: Omit<RunOptions, 'uid'> = {},
): Promise<Ended> {
  const [stdout, stderr] = [new TextSink(), new TextSink()];
  const surroundings: Surroundings = {
    stdin: Readable.from([Buffer.from(input)]),
    stdout,
    stderr,
    env: { DIM_DATA: data, ...env },
    signal: new AbortController().signal,
  };
  const status = await runProgram(args, surroundings);
  return { status, stdout: stdout.text, stderr: stderr.text, json: jsonOf(stdout.text) };
}

/** Collects the text that is written to it. */
class TextSink extends Writable {
  text = '';

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.text += Buffer.from(chunk).toString('utf8');
    done();
  }
}

/** Exit status and error code of a run that failed. */
export function failureOf({ status, json }: Ended): readonly [number | null, unknown] {
  const { error } = json.at(-1) as { error?: { code: string } };
  return [status, error?.code];
}

/** The JSON results of one type. */
export function results({ json }: Ended, type: string): Ended['json'] {
  return json.filter((each) => each['type'] === type);
}

function runningDim(running: Running): RunningDim {
  return {
    process: running.process,
    said: (pattern) => running.find(() => pattern.exec(running.stdout) ?? undefined),
    ended: running.ended.then((status) => {
      const { stdout, stderr } = running;
      return { status, stdout, stderr, json: jsonOf(stdout) };
    }),
  };
}

function jsonOf(text: string): readonly JsonObject[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as JsonObject);
}
