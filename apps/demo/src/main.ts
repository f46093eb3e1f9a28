import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasColours, Stage } from '@dimp/example-walkthrough/stage';
import { invite } from './guest.ts';
import { run } from './run.ts';

const colours = hasColours(process);
const print = (line: string): void => console.log(line);
/** Ends when the conversation has, instead of keeping the station up. */
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

print('DIM: a station, and people who chat over it. Everything listens on 127.0.0.1 only.');
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
  // The terminal interrupts all programs at once.
  if (!interrupted) console.error(error);
  process.exitCode = interrupted ? 130 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
