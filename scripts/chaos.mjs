// A long run of programs that are killed: `pnpm chaos [SECONDS] [SEED]`, five minutes by default.
import { pnpm } from './lib/process.mjs';

const [seconds = '300', seed = '1'] = process.argv.slice(2);
for (const number of [seconds, seed]) {
  if (!/^[1-9]\d{0,5}$/.test(number)) {
    console.error('usage: pnpm chaos [SECONDS] [SEED]');
    process.exit(64);
  }
}
const args = ['exec', 'vitest', 'run', '--config', 'vitest.slow.config.ts', 'chaos'];
const { ok } = await pnpm(args, {
  env: { DIM_SECONDS: seconds, DIM_SEED: seed },
  timeout: Number(seconds) * 1000 + 30 * 60_000,
});
if (!ok) process.exitCode = 1;
