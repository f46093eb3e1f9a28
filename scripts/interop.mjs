// `pnpm interop`: our station and our client with the independent reference peers, if those are available. Prints a line for each
// step. DIM_INTEROP names the folder with the programs that drive them, DIM_REF the source trees these need.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ourClient } from './interop/our-client.mjs';
import { freePort, lines, missingPeers, rigctl } from './interop/reference.mjs';
import { Steps } from './interop/steps.mjs';
import { root, summary } from './lib/process.mjs';

const missing = missingPeers();
const program = `${root}apps/station/dist/main.js`;
if (missing !== '' || !existsSync(program)) {
  console.error(missing || 'apps/station is not built');
  process.exit(69);
}

const steps = new Steps();
const folder = mkdtempSync(join(tmpdir(), 'dim-interop-'));
const rig = {
  DIM_RIG: join(folder, 'rig'),
  DIM_PORT: String(await freePort()),
  DIM_REDIS_PORT: String(await freePort()),
};
try {
  const { ok, output } = await rigctl(['start'], rig);
  steps.note('reference station started', ok, ok ? '' : output);
  if (ok) {
    for (const framing of /** @type {const} */ (['mtp', 'ws']))
      await ourClient(steps, framing, rig);
    await rigctl(['stop-station'], rig);
    await ourStation();
  }
} finally {
  await rigctl(['stop'], rig);
  rmSync(folder, { recursive: true, force: true });
}
summary(steps.passed, steps.failed);

/** The reference client at our station, and attacks on it. */
async function ourStation() {
  const data = ['--data', join(folder, 'station')];
  const child = spawn(
    process.execPath,
    [program, 'start', '--host', '127.0.0.1', '--port', '0', ...data],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  try {
    const port = await listening(child.stdout);
    await lines(['check_station.py', '--port', port], rig, ({ step, ok, detail }) => {
      if (step === 'summary') return;
      steps.note(`reference client, our station: ${step}`, ok === true, ok === true ? '' : detail);
    });
    await lines(['attacks.py', '--port', port, '--must-fail'], rig, ({ attack, worked }) => {
      // Observations neither pass nor fail.
      if (typeof worked === 'boolean') steps.note(`our station refuses: ${attack}`, !worked);
    });
  } finally {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'close');
  }
}

/** @param {import('node:stream').Readable} output @returns {Promise<string>} the port */
async function listening(output) {
  for await (const line of createInterface({ input: output })) {
    const { event, port } = JSON.parse(line);
    if (event !== 'station.listening') continue;
    // Later output must be read as well, or the station's log blocks.
    output.resume();
    return String(port);
  }
  throw new Error('the station did not start');
}
