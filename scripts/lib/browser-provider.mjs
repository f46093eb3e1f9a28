import { defineBrowserProvider } from '@vitest/browser';
import { Programs } from './browsers.mjs';

/**
 * A browser provider for vitest that opens its page in an installed browser without a driver. Tests cannot use features of a
 * driver, such as the quota of a page.
 */
export function undriven() {
  return defineBrowserProvider({
    name: 'undriven',
    options: {},
    providerFactory: ({ config }) => {
      const programs = new Programs();
      return {
        name: 'undriven',
        supportsParallelism: false,
        getCommandsContext: () => ({}),
        async openPage(_session, url) {
          const { child, output } = await programs.open(config.browser.name, url);
          child.once('close', (code) => {
            // Says why no test answers.
            if (code !== null) console.error(`${config.browser.name} ended (${code}): ${output()}`);
          });
        },
        close: () => programs.end(),
      };
    },
  });
}
