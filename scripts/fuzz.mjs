// Random changes to the first block of a content: `pnpm fuzz [BLOCKS]`, 10,000,000 by default. Every test run tries 24,000.
import { run } from './lib/process.mjs';

const [blocks = '10000000'] = process.argv.slice(2);
if (!/^[1-9]\d*$/.test(blocks)) {
  console.error('usage: pnpm fuzz [BLOCKS]');
  process.exit(64);
}
const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'node', '--testTimeout=0'];
const { ok } = await run(process.execPath, [...vitest, 'packages/core/test/first-block'], {
  env: { DIM_FUZZ_RUNS: blocks },
  timeout: 12 * 60 * 60_000,
});
if (!ok) process.exitCode = 1;
