// A station under attack: the latency of honest users while a stranger floods it. The station is the built program with its
// default limits, the sockets are real. One line of JSON for each phase.
//   main.js [--seconds N] [--pairs N]
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { HonestPairs, type Latencies } from './honest.ts';

const HOST = '127.0.0.1';
/** Between two messages of a pair. */
const PAUSE_MS = 100;
const STATION = fileURLToPath(new URL('../../../apps/station/dist/main.js', import.meta.url));
const ATTACKER = fileURLToPath(new URL('attacker.js', import.meta.url));
const ATTACKS = ['logins', 'garbage', 'messages'] as const;

const { values } = parseArgs({
  options: { seconds: { type: 'string' }, pairs: { type: 'string' } },
});
const durationMs = Number(values.seconds ?? 10) * 1000;
const pairs = Number(values.pairs ?? 4);
if (!(durationMs > 0 && pairs > 0))
  throw new RangeError('--seconds and --pairs must be numbers above 0');

const [cpu] = cpus();
print({
  name: 'attack/setting',
  machine: cpu?.model,
  processors: availableParallelism(),
  node: process.versions.node,
  loadAverage: loadavg()[0],
  pairs,
  messagesPerSecond: (pairs * 1000) / PAUSE_MS,
});
await phase('none');
for (const attack of ATTACKS) await phase(attack);

/** A fresh station for each phase, so that no attack profits from the one before it. */
async function phase(attack: (typeof ATTACKS)[number] | 'none'): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'dim-attack-'));
  const { station, port } = await startStation(folder);
  const honest = await HonestPairs.login(pairs, HOST, port);
  const attacker = attack === 'none' ? undefined : fork(ATTACKER, [attack, HOST, String(port)]);
  let strikes = 0;
  attacker?.on('message', (report) => {
    strikes = Number((report as { readonly strikes: number }).strikes);
  });
  try {
    // The attacker generates keys before its first strike.
    while (attacker !== undefined && attacker.exitCode === null && strikes === 0) await sleep(100);
    // Warms up, and lets the attack reach its full speed.
    await honest.run(2000, PAUSE_MS, 5000);
    const before = strikes;
    const began = performance.now();
    const latencies = await honest.run(durationMs, PAUSE_MS, 10_000);
    const seconds = (performance.now() - began) / 1000;
    const perSecond = Math.round((strikes - before) / seconds);
    print({ name: `attack/${attack}`, strikesPerSecond: perSecond, ...rounded(latencies) });
    if (latencies.received < latencies.sent) process.exitCode = 1;
  } finally {
    await ended(attacker);
    await honest.close();
    await ended(station);
    await rm(folder, { recursive: true, force: true });
  }
}

async function startStation(folder: string): Promise<{ station: ChildProcess; port: number }> {
  const args = ['start', '--host', HOST, '--port', '0', '--data', join(folder, 'station')];
  const station = spawn(process.execPath, [STATION, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: station.stdout })) {
    if (!line.includes('"station.listening"')) continue;
    const { addresses } = JSON.parse(line) as { readonly addresses: readonly string[] };
    station.stdout.resume();
    return { station, port: Number(addresses[0]?.split(':').at(-1)) };
  }
  throw new Error('the station has not started');
}

async function ended(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null) return;
  const end = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await Promise.race([end, sleep(10_000)]);
  child.kill('SIGKILL');
}

function rounded({ sent, received, ...milliseconds }: Latencies): object {
  const entries = Object.entries(milliseconds).map(([name, value]) => [
    `${name}Ms`,
    Math.round(value * 10) / 10,
  ]);
  return { sent, received, ...Object.fromEntries(entries) };
}

function print(line: object): void {
  console.log(JSON.stringify(line));
}
