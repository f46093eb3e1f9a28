// Starts a station for checks that need one: the built program, on a free port, in a temporary folder.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './process.mjs';

/** How long a station may take to start. */
const TIMEOUT_MS = 60_000;

/**
 * @param {string} [program] the program's file; the built one by default
 * @returns {Promise<{ port: number, stop(): Promise<void> }>}
 */
export async function startStation(program = join(root, 'apps/station/dist/main.js')) {
  const folder = mkdtempSync(join(tmpdir(), 'dim-station-'));
  const args = ['--data', join(folder, 'data'), '--host', '127.0.0.1', '--port', '0'];
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const ended = new Promise((resolve) => child.once('close', resolve));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const deadline = Date.now() + TIMEOUT_MS;
  for (;;) {
    const port = portIn(output);
    if (port !== undefined) return { port, stop };
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`the station did not start:\n${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The port in the log line `station.listening`. @param {string} output */
function portIn(output) {
  const line = output.split('\n').find((each) => each.includes('"station.listening"'));
  if (line === undefined) return undefined;
  try {
    const [address = ''] = JSON.parse(line).addresses;
    return Number(/:(\d+)$/.exec(address)?.[1]);
  } catch {
    // The line is not complete yet.
    return undefined;
  }
}
