import { playwright } from '@vitest/browser-playwright';
import { configDefaults, defineConfig } from 'vitest/config';
import { undriven } from './scripts/lib/browser-provider.mjs';
import { chromiumArgs } from './scripts/lib/chromium.mjs';

const executablePath = process.env['CHROMIUM_PATH'];
/** Another browser than Chromium: no driver is at hand for it. */
const other = (['firefox', 'webkit'] as const).find((name) => name === process.env['TEST_BROWSER']);
const browser = other ?? 'chromium';
/** Sets the quota of a page by the protocol of Chromium. */
const driven = '**/quota.browser.test.ts';

// The portable suites in a real browser; scripts/test-browser.mjs finds one and starts this.
export default defineConfig({
  // Without `node`, so that #native/* is what a browser gets.
  resolve: { conditions: ['@dimp/source', 'module', 'browser', 'import', 'default'] },
  // All dependencies are found before the first test: finding one later would reload the page.
  optimizeDeps: { entries: ['packages/*/src/**/*.ts', '!**/*.node.ts'] },
  test: {
    name: browser,
    include: ['packages/*/test/**/*.test.ts'],
    exclude: [
      ...configDefaults.exclude,
      '**/*.node.test.ts',
      ...(other === undefined ? [] : [driven]),
    ],
    globalSetup: ['test/setup/prepare-rsa-keys.node.ts'],
    setupFiles: ['test/setup/rsa-keys.browser.ts'],
    testTimeout: 60_000,
    browser: {
      enabled: true,
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
