import { configDefaults, defineConfig } from 'vitest/config';

// Two patterns: from the repository root, or from one package through turbo.
const include = ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'];

// `@dimp/source` points at src in each package's exports, so tests need no build.
const conditions = ['@dimp/source', 'module', 'node', 'import', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // Vitest leaves one processor idle, which on two is half of them.
    maxWorkers: '100%',
    globalSetup: ['test/setup/prepare-rsa-keys.node.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include,
          exclude: [...configDefaults.exclude, '**/*.browser.test.ts'],
          setupFiles: ['test/setup/rsa-keys.node.ts'],
          testTimeout: 30_000,
          // Killed processes and slow peers meet a busy machine in CI; who fails twice is wrong. The output names them.
          retry: process.env['CI'] ? 1 : 0,
        },
      },
    ],
    coverage: { provider: 'v8', include: ['packages/*/src/**'] },
  },
});
