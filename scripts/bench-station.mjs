// Puts load on a station and on comparable servers, after the build. Prints one line of JSON for each step, and a table.
//   pnpm bench:station [--quick] [--idle N] [--messages N] … [--profile FOLDER] [beginnings of the servers' names]
import { root, run } from './lib/process.mjs';

// The benchmark needs more connections than most systems let a program open.
const command = 'ulimit -n "$(ulimit -H -n)" && exec "$@"';
const program = [process.execPath, `${root}benchmarks/dist/load/main.js`, ...process.argv.slice(2)];
const { ok } =
  process.platform === 'win32'
    ? await run(process.execPath, program.slice(1))
    : await run('sh', ['-c', command, 'sh', ...program]);
if (!ok) process.exitCode = 1;
