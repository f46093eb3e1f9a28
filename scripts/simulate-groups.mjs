// The long simulations of groups: `pnpm simulate:groups [RUNS] [SEED]` runs the rule alone, 20,000 times by default;
// `pnpm simulate:groups clients [RUNS] [SEED]` runs 20 clients over a bad network, 300 times by default.
import { pnpm } from './lib/process.mjs';

const all = process.argv.slice(2);
const isClients = all[0] === 'clients';
const [runs = isClients ? '300' : '20000', seed = '1'] = isClients ? all.slice(1) : all;
for (const number of [runs, seed]) {
  if (!/^\d+$/.test(number)) {
    console.error('usage: pnpm simulate:groups [clients] [RUNS] [SEED]');
    process.exit(64);
  }
}
const suite = isClients ? 'groups/test/network' : 'groups/test/model/convergence';
const args = ['exec', 'vitest', 'run', '--config', 'vitest.slow.config.ts', suite];
const { ok } = await pnpm(args, {
  env: { DIM_RUNS: runs, DIM_SEED: seed },
  timeout: 12 * 60 * 60_000,
});
if (!ok) process.exitCode = 1;
