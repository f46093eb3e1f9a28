// Runs what depends on the platform's cryptography on the other Node versions we promise, each from the npm registry.
import { run, summary } from './lib/process.mjs';

const VERSIONS = ['22', '24'];
const SUITES = ['packages/crypto', 'packages/extensions', 'packages/testing', 'packages/client'];

let passed = 0;
let failed = 0;
for (const version of VERSIONS) {
  const node = ['--yes', `--package=node@${version}`, '--', 'node'];
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'node', '--reporter=dot'];
  const { ok, output } = await run('npx', [...node, ...vitest, ...SUITES], {
    quiet: true,
    timeout: 10 * 60_000,
  });
  console.log(`${ok ? 'ok' : 'FAILED'}  Node ${version}`);
  if (ok) passed += 1;
  else {
    failed += 1;
    console.error(output);
  }
}
summary(passed, failed);
