import { playwright } from '@vitest/browser-playwright';
import { configDefaults, defineConfig } from 'vitest/config';
import { undriven } from './scripts/lib/browser-provider.mjs';
import { chromiumArgs } from './scripts/lib/chromium.mjs';

const executablePath = process.env['CHROMIUM_PATH'];
/** A browser other than Chromium; there is no driver for it. */
const other = (['firefox', 'webkit'] as const).find((name) => name === process.env['TEST_BROWSER']);
const browser = other ?? 'chromium';
/** Sets the quota of a page through Chromium's driver. */
const driven = '**/quota.browser.test.ts';
/**
 * Terminates a worker in the middle of a transaction. WebKit then blocks the database for all others until the page is
 * closed, so the test would prove nothing about this project.
 */
const terminating = '**/tab-killed.browser.test.ts';
/**
 * Tests of a simulated network and of the compliance suites themselves: the same arithmetic as in Node, for minutes.
 * `pnpm test:browser --all` runs them in a browser as well.
 */
const samePlatform = process.env['ALL_TESTS']
  ? []
  : [
      'packages/client/test/simulation.test.ts',
      'packages/testing/test/network*.test.ts',
      'packages/testing/test/{store,transport}-compliance.test.ts',
    ];

// The portable tests in a real browser. scripts/test-browser.mjs finds one and starts vitest with this configuration.
export default defineConfig({
  // Without `node`: #native/* is what a browser gets.
  resolve: { conditions: ['@dimp/source', 'module', 'browser', 'import', 'default'] },
  // Finds all dependencies before the first test: finding one later would reload the page.
  optimizeDeps: { entries: ['packages/*/src/**/*.ts', '!**/*.node.ts'] },
  test: {
    name: browser,
    include: ['packages/*/test/**/*.test.ts'],
    exclude: [
      ...configDefaults.exclude,
      '**/*.node.test.ts',
      ...samePlatform,
      ...(other === undefined ? [] : [driven]),
      ...(other === 'webkit' ? [terminating] : []),
    ],
    globalSetup: ['test/setup/prepare.node.ts'],
    setupFiles: ['test/setup/rsa-keys.browser.ts'],
    testTimeout: 60_000,
    browser: {
      enabled: true,
      // One page for all test files: a page for each of them costs more than the tests.
      isolate: false,
      headless: true,
      screenshotFailures: false,
      api: { host: '127.0.0.1' },
      provider:
        other === undefined
          ? playwright({
              launchOptions: {
                args: chromiumArgs,
                ...(executablePath === undefined ? {} : { executablePath }),
              },
            })
          : undriven(),
      instances: [{ browser }],
    },
  },
});
