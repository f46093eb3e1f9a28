import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.ts';

// Suites that take minutes: each has a script of its own in package.json.
export default mergeConfig(
  { ...base, test: {} },
  defineConfig({
    test: { name: 'slow', include: ['packages/*/test/**/*.slow.ts', 'test/**/*.slow.ts'] },
  }),
);
