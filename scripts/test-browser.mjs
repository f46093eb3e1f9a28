// Runs the portable test suites in a headless browser: Chromium, or the one that `--in` names (chromium, packaged,
// firefox, webkit), there only what depends on the platform unless suites are named. `--probe` only tells whether a
// Chromium starts.
import { parseArgs } from 'node:util';
import { browserNames } from './lib/browsers.mjs';
import { findChromium, installedChromium, packagedChromium } from './lib/chromium.mjs';
import { run } from './lib/process.mjs';

/** Longer than any of them takes: what hangs must not hang for ever. */
const TIMEOUT = 10 * 60_000;

/** What a platform could do in another way; the rest is arithmetic on what these test. */
const SUITES = [
  'packages/foundation',
  'packages/crypto',
  'packages/mkm',
  'packages/dkd',
  'packages/core',
  'packages/extensions',
  'packages/store-encrypted',
  'packages/store-indexeddb',
  'packages/testing/test/binding',
  'packages/testing/test/vectors',
  'packages/client/test/key-store',
  'packages/client/test/tab-leader.browser',
  'packages/client/test/messenger',
  'packages/client/test/session-login',
];
const { values, positionals } = parseArgs({
  options: { in: { type: 'string' }, probe: { type: 'boolean' } },
  allowPositionals: true,
});

/**
 * @param {Record<string, string>} env
 * @param {readonly string[]} suites all if there are none
 */
async function test(env, suites) {
  const config = ['--config', 'vitest.browser.config.ts'];
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', ...config, ...suites];
  const { ok } = await run(process.execPath, vitest, { env, timeout: TIMEOUT });
  if (!ok) process.exitCode = 1;
}

const browser = values.in;
if (browser === undefined) await inAnyChromium();
else {
  if (!browserNames.includes(browser)) throw new Error(`there is no ${browser}: ${browserNames}`);
  const suites = positionals.length > 0 ? positionals : SUITES;
  if (browser === 'packaged') await test({ CHROMIUM_PATH: await packagedChromium() }, suites);
  else if (browser === 'chromium') {
    await test({ CHROMIUM_PATH: installedChromium() ?? 'chromium' }, suites);
  } else await test({ TEST_BROWSER: browser }, suites);
}

async function inAnyChromium() {
  const { path, problems } = await findChromium();
  if (path === undefined) {
    console.error('No Chromium starts on this machine, so the browser tests did not run.');
    for (const problem of problems) console.error(`  ${problem}`);
    console.error('Install one, or set CHROMIUM_PATH to its executable.');
    // Elsewhere a missing browser is no fault of the code; in CI nobody would read the notice.
    if (process.env['CI'] || values.probe) process.exitCode = 1;
  } else if (values.probe) console.log(path);
  else await test({ CHROMIUM_PATH: path }, positionals);
}
