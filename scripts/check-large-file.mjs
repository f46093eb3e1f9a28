// `node scripts/check-large-file.mjs [MEBIBYTES]`: uploads and downloads a file, 2 GiB by default, in a process whose
// heap has 64 MiB, through a file server in another process. It fails if the bytes differ or memory grows.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, summary } from './lib/process.mjs';

const [mebibytes = '2048'] = process.argv.slice(2);
if (!/^[1-9]\d{0,5}$/.test(mebibytes)) {
  console.error('usage: node scripts/check-large-file.mjs [MEBIBYTES]');
  process.exit(64);
}
if (!existsSync(join(root, 'packages/client/dist/files.js'))) {
  console.error('packages/client is not built');
  process.exit(1);
}

const folder = mkdtempSync(join(tmpdir(), 'dim-large-file-'));
const server = spawn(process.execPath, [`${root}scripts/large-file/server.mjs`, folder], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
let failed = 0;
try {
  const url = await firstLine(server.stdout);
  for (const format of ['stream', 'whole']) {
    if (!(await transfer(url, format))) failed += 1;
  }
} finally {
  server.kill();
  rmSync(folder, { recursive: true, force: true });
}
summary(2 - failed, failed);

/**
 * @param {string} url
 * @param {string} format
 * @returns {Promise<boolean>}
 */
function transfer(url, format) {
  const program = `${root}scripts/large-file/client.mjs`;
  const args = ['--max-old-space-size=64', program, url, folder, mebibytes, format];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('close', (status) => resolve(status === 0));
    child.on('error', () => resolve(false));
  });
}

/**
 * @param {import('node:stream').Readable} stream
 * @returns {Promise<string>}
 */
async function firstLine(stream) {
  let text = '';
  for await (const piece of stream) {
    text += piece;
    if (text.includes('\n')) break;
  }
  return text.trim();
}
