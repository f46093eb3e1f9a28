import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { logOutput } from '../../apps/station/src/log/log-output.ts';
import { start } from '../helpers/dim-station.node.ts';
import { temporaryFolder } from '../helpers/folder.node.ts';
import { until } from '../helpers/wait.node.ts';

function opened(path: string, flags: number | string): number {
  const file = openSync(path, flags);
  onTestFinished(() => closeSync(file));
  return file;
}

test('a station whose log is on a full disk runs, and stops at the first signal', async () => {
  const log = '/dev/full';
  const data = await temporaryFolder();
  const args = ['--data', data, '--host', '127.0.0.1', '--port', '0', '--log-level', 'trace'];
  const station = start(args, { log });
  await until(() => station.said().includes('listening at'));
  station.process.kill('SIGTERM');
  expect((await station.ended).status).toBe(0);
});

test('log lines that a full disk does not accept are dropped at the end', () => {
  const output = logOutput(opened('/dev/full', 'w'));
  for (let line = 0; line < 10_000; line++) output.write(`{"line":${line}}\n`);
  // It returns.
  output.flushSync();
});

test('log lines are written whole and in order, including those buffered at the end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dim-log-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'log');
  const output = logOutput(opened(path, 'a'));
  const lines = Array.from({ length: 5000 }, (_, line) => `{"line":${line},"text":"é"}\n`);
  output.write(lines[0] ?? '');
  await until(() => readFileSync(path, 'utf8') === lines[0]);
  for (const line of lines.slice(1, 2500)) output.write(line);
  await until(() => readFileSync(path, 'utf8') === lines.slice(0, 2500).join(''));
  for (const line of lines.slice(2500)) output.write(line);
  output.flushSync();
  await until(() => readFileSync(path, 'utf8').length === lines.join('').length);
  expect(readFileSync(path, 'utf8').split('\n').sort()).toEqual(lines.join('').split('\n').sort());
});

test('a pipe without a reader blocks neither the station nor its end, and receives the rest once it is read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dim-log-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = opened(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const output = logOutput(opened(path, constants.O_WRONLY | constants.O_NONBLOCK));
  const line = `${'x'.repeat(1023)}\n`;
  for (let count = 0; count < 200; count++) output.write(line);
  let bytes = 0;
  const piece = new Uint8Array(65_536);
  const read = (): number => {
    try {
      return readSync(reader, piece);
    } catch {
      return 0;
    }
  };
  await until(() => {
    bytes += read();
    return bytes === 200 * line.length;
  });
  for (let count = 0; count < 200; count++) output.write(line);
  output.flushSync();
  expect(read()).toBeGreaterThan(0);
});
