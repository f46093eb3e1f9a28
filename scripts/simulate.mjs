// The long simulation: `pnpm simulate [MESSAGES] [SEED]`, 100,000 messages by default.
import { pnpm } from './lib/process.mjs';

const [messages = '100000', seed = '1'] = process.argv.slice(2);
for (const number of [messages, seed]) {
  if (!/^\d+$/.test(number)) {
    console.error('usage: pnpm simulate [MESSAGES] [SEED]');
    process.exit(64);
  }
}
const args = ['exec', 'vitest', 'run', '--config', 'vitest.slow.config.ts', 'simulation'];
const { ok } = await pnpm(args, {
  env: { DIM_MESSAGES: messages, DIM_SEED: seed },
  timeout: 60 * 60_000,
});
if (!ok) process.exitCode = 1;
