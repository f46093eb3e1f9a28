import { configDefaults, defineConfig } from 'vitest/config';

// Two patterns: from the repository root, or from one package through turbo.
const include = ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'];

// `@dimp/source` points at src in each package's exports, so tests need no build.
const conditions = ['@dimp/source', 'module', 'node', 'import', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // By default vitest leaves one processor idle: half of two.
    maxWorkers: '100%',
    globalSetup: ['test/setup/prepare.node.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include,
          exclude: [...configDefaults.exclude, '**/*.browser.test.ts'],
          // Test files share modules, as they are free of global state; loading them anew for each file took longer than
          // many tests.
          isolate: false,
          setupFiles: ['test/setup/rsa-keys.node.ts'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
          // Tests with killed processes and timeouts may fail once on a busy CI machine. The output names those that do.
          retry: process.env['CI'] ? 1 : 0,
        },
      },
    ],
    coverage: { provider: 'v8', include: ['packages/*/src/**'] },
  },
});
