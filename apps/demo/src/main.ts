import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasColours, Stage } from '@dimp/example-walkthrough/stage';
import { invite } from './guest.ts';
import { run } from './run.ts';

const colours = hasColours(process);
const print = (line: string): void => console.log(line);
/** Whether to exit after the conversation instead of keeping the station running. */
const once = process.argv.includes('--once');
const unknown = process.argv.slice(2).find((arg) => arg !== '--once');
if (unknown !== undefined) {
  console.error(`unknown option "${unknown}": npm start -- --help`);
  process.exit(64);
}

let interrupted = false;
const signalled = new Promise<void>((resolve) => {
  const end = (): void => {
    interrupted = true;
    resolve();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
});

print(
  'DIM demo: a station, and two people who chat over it. All programs listen on 127.0.0.1 only.',
);
const folder = await mkdtemp(join(tmpdir(), 'dim-start-'));
try {
  const stage = new Stage(print, colours);
  const { station, hulk, stop } = await run(stage, folder);
  if (!once) {
    invite(stage, folder, station, hulk);
    await signalled;
  }
  await stop();
} catch (error) {
  // Ctrl-C interrupts the station and the clients, too, so their errors mean nothing.
  if (!interrupted) console.error(error);
  process.exitCode = interrupted ? 130 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
