// Runs the portable tests in a headless browser. Without options: in Chromium, all but those that prove nothing about a
// platform (see vitest.browser.config.ts). `--platform` runs only what differs between platforms. `--in` names a browser
// (chromium, packaged, firefox, webkit) and does so there. Tests can be named; `--all` runs all of them. `--probe` only tells
// whether a Chromium starts.
import { parseArgs } from 'node:util';
import { browserNames } from './lib/browsers.mjs';
import { findChromium, installedChromium, packagedChromium } from './lib/chromium.mjs';
import { run } from './lib/process.mjs';

/** Longer than any of them takes; a browser that hangs is stopped. */
const TIMEOUT = 20 * 60_000;

/** Tests of what differs between platforms: cryptography, encodings, storage, tabs, and one login from end to end. */
const SUITES = [
  'packages/foundation',
  'packages/crypto',
  ...['aes', 'aes-gcm', 'asn1', 'ecc', 'ed25519', 'rsa'].map(
    (name) => `packages/extensions/test/${name}.test.ts`,
  ),
  'packages/core/test/authenticated-encryption',
  'packages/core/test/bound-iv',
  'packages/core/test/transceiver',
  'packages/store-encrypted',
  'packages/store-indexeddb/test/database',
  'packages/testing/test/vectors',
  'packages/endpoint/test/key-store',
  'packages/client/test/tab-leader.browser',
  'packages/client/test/messenger',
  'packages/client/test/session-login',
];
/** What only browsers have, and one chat from end to end; with the suites above, what `npm test` runs in Chromium. */
const CHROMIUM = [
  '.browser.test.ts',
  'packages/testing/test/transports',
  'packages/client/test/files',
];

const { values, positionals } = parseArgs({
  options: {
    all: { type: 'boolean' },
    in: { type: 'string' },
    platform: { type: 'boolean' },
    probe: { type: 'boolean' },
  },
  allowPositionals: true,
});

/**
 * @param {Record<string, string>} env
 * @param {readonly string[]} suites all if there are none
 */
async function test(env, suites) {
  const config = ['--config', 'vitest.browser.config.ts'];
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', ...config, ...suites];
  const all = values.all === true ? { ALL_TESTS: '1' } : {};
  const { ok } = await run(process.execPath, vitest, { env: { ...env, ...all }, timeout: TIMEOUT });
  if (!ok) process.exitCode = 1;
}

const browser = values.in;
if (browser === undefined) await inAnyChromium();
else {
  if (!browserNames.includes(browser))
    throw new Error(`--in must be one of ${browserNames.join(', ')}`);
  const suites = positionals.length > 0 || values.all === true ? positionals : SUITES;
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
    // Elsewhere a missing browser is not an error; in CI the notice would go unread.
    if (process.env['CI'] || values.probe) process.exitCode = 1;
  } else if (values.probe) console.log(path);
  else
    await test({ CHROMIUM_PATH: path }, values.platform ? [...SUITES, ...CHROMIUM] : positionals);
}
