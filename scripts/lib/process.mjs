import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Root folder of the repository, with a slash at its end. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Runs a program and waits for its end.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ quiet?: boolean, cwd?: string, env?: Record<string, string>, timeout?: number }} [options]
 *   quiet: keep the output back; timeout: milliseconds after which it is stopped, with all it has started
 * @returns {Promise<{ ok: boolean, output: string }>} output is empty unless quiet
 */
export function run(command, args, options = {}) {
  const { quiet = false, cwd = root, env = {}, timeout } = options;
  const windows = process.platform === 'win32';
  // A separate process group, so that programs started by npx and pnpm are stopped as well.
  const detached = timeout !== undefined && !windows;
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      detached,
      env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', ...env },
      // No input: a started program must never wait for an answer.
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
      // npx is a batch file on Windows.
      shell: windows,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    const stop = () => {
      if (child.pid === undefined) return;
      try {
        process.kill(detached ? -child.pid : child.pid, 'SIGKILL');
      } catch {
        // It has already ended.
      }
    };
    const interrupted = () => {
      stop();
      process.exit(130);
    };
    const timer = timeout === undefined ? undefined : setTimeout(stop, timeout);
    // The terminal interrupts its own group only.
    if (detached) process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
    /** @param {boolean} ok */
    const done = (ok) => {
      clearTimeout(timer);
      process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
      resolve({ ok, output });
    };
    child.on('error', (error) => {
      output += `${error.message}\n`;
      done(false);
    });
    child.on('close', (status, signal) => {
      if (signal !== null) console.error(`${command} was stopped (${signal})`);
      done(status === 0);
    });
  });
}

/**
 * Runs the pnpm version that the root manifest pins. npx fetches it, so it need not be installed.
 *
 * @param {readonly string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
export function pnpm(args, options) {
  const { packageManager } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  return run('npx', ['--yes', packageManager, ...args], options);
}

/**
 * Runs a step quietly and shows its output only when it fails; then the program ends.
 *
 * @param {string} title
 * @param {() => Promise<{ ok: boolean, output: string }>} step
 */
export async function quietly(title, step) {
  console.log(`${title}…`);
  const { ok, output } = await step();
  if (ok) return;
  console.error(`${output}\n${title} failed`);
  process.exit(1);
}

/** Installs the dependencies exactly as locked. CI=true: pnpm then never asks. */
export function install() {
  return pnpm(['install', '--frozen-lockfile', '--reporter=append-only'], {
    quiet: true,
    env: { CI: 'true' },
  });
}

/** Builds every package, in the order of their dependencies. */
export function build() {
  return pnpm(['exec', 'turbo', 'run', 'build', '--output-logs=errors-only'], { quiet: true });
}

/** Ends the program with a clear message if Node is too old, instead of a syntax error. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`Node ${process.versions.node} is too old: 20.19 or newer is needed.`);
  process.exit(1);
}

/**
 * Prints the line every check ends with, and sets the exit status.
 *
 * @param {number} passed
 * @param {number} failed
 */
export function summary(passed, failed) {
  console.log(`${passed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}
