import { spawnSync } from 'node:child_process';
import { Program, Running } from '@dimp/fixtures/program';

/** The programs of `program.child.ts`. */
const PROGRAM = new Program(new URL('program.child.ts', import.meta.url));

/** Makes the programs. @returns what removes them */
export function buildPrograms(): Promise<() => Promise<void>> {
  return PROGRAM.build();
}

/** How {@link start} starts a program. */
export interface StartOptions {
  /** Third argument of the program. */
  readonly run?: string;
  /** Command that a shell runs first, such as `ulimit`. */
  readonly shell?: string;
  /** User that it runs as. */
  readonly uid?: number | undefined;
}

/** Starts a program; it is killed when the test is over. */
export function start(program: string, path: string, options: StartOptions = {}): Running {
  const { run = '', shell, uid } = options;
  const args = [program, path, run];
  if (shell === undefined) return PROGRAM.start(args, uid === undefined ? {} : { uid });
  const script = `${shell}; exec "$0" "$@"`;
  return new Running('sh', ['-c', script, process.execPath, PROGRAM.file, ...args]);
}

/** The bundle of the programs. */
export function programFile(): string {
  return PROGRAM.file;
}

/** The command that starts a process in a PID namespace of its own; undefined where the system does not permit that. */
export function namespaceCommand(): readonly string[] | undefined {
  const command = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
  return [command, [...command, '--user', '--map-root-user']].find(
    ([name = '', ...args]) => spawnSync(name, [...args, 'true']).status === 0,
  );
}

/** Starts a program in a PID namespace of its own, as a container would; it is killed when the test is over. */
export function startInNamespace(
  [name = '', ...args]: readonly string[],
  program: string,
  path: string,
): Running {
  return new Running(name, [...args, process.execPath, PROGRAM.file, program, path]);
}
