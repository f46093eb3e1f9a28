// Runs the portable test suites in headless Chromium. `--probe` only tells whether a browser starts.
import { findChromium } from './lib/chromium.mjs';
import { pnpm } from './lib/process.mjs';

const { path, problems } = await findChromium();
if (path === undefined) {
  console.error('No Chromium starts on this machine, so the browser tests did not run.');
  for (const problem of problems) console.error(`  ${problem}`);
  console.error('Install one, or set CHROMIUM_PATH to its executable.');
  // Elsewhere a missing browser is no fault of the code; in CI nobody would read the notice.
  if (process.env['CI'] || process.argv.includes('--probe')) process.exitCode = 1;
} else if (process.argv.includes('--probe')) {
  console.log(path);
} else {
  const args = process.argv.slice(2);
  const { ok } = await pnpm(
    ['exec', 'vitest', 'run', '--config', 'vitest.browser.config.ts', ...args],
    { env: { CHROMIUM_PATH: path } },
  );
  if (!ok) process.exitCode = 1;
}
