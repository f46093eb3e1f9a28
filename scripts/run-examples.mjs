// Runs every example by its `start` script, after the build. An example fails when its exit status is not 0.
import { relative } from 'node:path';
import { pnpm, root, summary } from './lib/process.mjs';
import { packagesIn } from './lib/workspace.mjs';

let passed = 0;
let failed = 0;
for (const { path, manifest } of packagesIn('examples')) {
  const name = relative(root, path);
  if (manifest.scripts?.['start'] === undefined) {
    console.error(`${name}: no start script`);
    failed += 1;
    continue;
  }
  const { ok, output } = await pnpm(['--dir', path, 'run', '--silent', 'start'], {
    quiet: true,
    timeout: 120_000,
  });
  console.log(`${ok ? 'ok' : 'FAILED'}  ${name}`);
  if (ok) passed += 1;
  else {
    failed += 1;
    console.error(output);
  }
}
summary(passed, failed);
