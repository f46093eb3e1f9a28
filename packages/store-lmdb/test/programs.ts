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
  /** What a shell does first, such as `ulimit`. */
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
