// The latency of honest users while a stranger floods a station, after the build: `pnpm bench:attack [--seconds N] [--pairs N]`.
import { root, run } from './lib/process.mjs';

const program = `${root}benchmarks/dist/attack/main.js`;
const { ok } = await run(process.execPath, [program, ...process.argv.slice(2)]);
if (!ok) process.exitCode = 1;
