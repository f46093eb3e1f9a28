// The independent peers are programs outside of this repository: DIM_INTEROP names the folder with rigctl, DIM_REF the source
// trees that it needs. See the README there.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { run } from '../lib/process.mjs';
import { eventually } from './steps.mjs';

const folder = process.env['DIM_INTEROP'] ?? '';

/** Why the peers are not at hand; empty if they are. */
export function missingPeers() {
  if (folder === '' || !existsSync(join(folder, 'rigctl'))) {
    return 'DIM_INTEROP does not name a folder with rigctl in it';
  }
  return process.env['DIM_REF'] ? '' : 'DIM_REF does not name the source trees of the reference';
}

/** @returns {Promise<number>} a port of this machine that is free now */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port was found');
  return address.port;
}

/**
 * Runs rigctl to its end.
 *
 * @param {readonly string[]} args
 * @param {Record<string, string>} env
 */
export function rigctl(args, env) {
  return run('bash', [join(folder, 'rigctl'), ...args], { quiet: true, env, timeout: 300_000 });
}

/**
 * Runs a script that prints a line of JSON for each of its steps, and passes each on.
 *
 * @param {readonly string[]} args
 * @param {Record<string, string>} env
 * @param {(line: Record<string, unknown>) => void} onLine
 */
export async function lines(args, env, onLine) {
  const child = spawn('bash', [join(folder, 'rigctl'), 'run', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('{')) onLine(JSON.parse(line));
  }
  if (child.exitCode === null) await once(child, 'close');
  return child.exitCode;
}

/** The reference client, driven by lines of JSON. */
export class ReferenceClient {
  /** @type {Record<string, unknown>[]} */
  events = [];
  #child;

  /**
   * @param {string} user
   * @param {number} port
   * @param {Record<string, string>} env
   */
  constructor(user, port, env) {
    const args = ['run', 'client.py', '--user', user, '--port', String(port), '--stdin'];
    this.#child = spawn('bash', [join(folder, 'rigctl'), ...args], {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      if (line.startsWith('{')) this.events.push(JSON.parse(line));
    });
  }

  /** @param {string} event @param {(event: Record<string, unknown>) => boolean} [matches] */
  wait(event, matches = () => true) {
    return eventually(
      () => this.events.find((each) => each['event'] === event && matches(each)),
      60_000,
    );
  }

  /** @param {string} cmd @param {Record<string, unknown>} fields */
  tell(cmd, fields = {}) {
    this.#child.stdin.write(`${JSON.stringify({ cmd, ...fields })}\n`);
  }

  /** Ends it; it reports itself offline first. */
  async quit() {
    if (this.#child.exitCode !== null) return;
    this.tell('quit');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await once(this.#child, 'close');
    clearTimeout(timer);
  }
}
