// Runs the tests of what depends on the platform on the other supported versions of Node, on Bun and on Deno. Each runtime
// comes from the npm registry. Arguments, such as `bun`, choose some of them.
import { readdirSync } from 'node:fs';
import { root, run, summary } from './lib/process.mjs';

const CRYPTOGRAPHY = ['packages/crypto', 'packages/extensions'];
const PORTABLE = [...CRYPTOGRAPHY, 'packages/foundation', 'packages/mkm', 'packages/dkd'];
const NODE = [...CRYPTOGRAPHY, 'packages/testing', 'packages/endpoint', 'packages/client'];
const OTHERS = [...PORTABLE, 'packages/store-encrypted', 'packages/client/test/messenger'];

/** Under Bun, vitest cannot load zod, so the test file that needs it is left out. */
const WITHOUT_ZOD = OTHERS.flatMap((suite) =>
  suite === 'packages/dkd'
    ? readdirSync(`${root}${suite}/test`)
        .filter((name) => name.endsWith('.test.ts') && name !== 'schema-libraries.test.ts')
        .map((name) => `${suite}/test/${name}`)
    : [suite],
);

/** @type {Record<string, { from: string, command: string[], suites: string[] }>} */
const RUNTIMES = {
  node22: { from: 'node@22', command: ['node'], suites: NODE },
  node24: { from: 'node@24', command: ['node'], suites: NODE },
  // Without `--bun` the first line of the program would start Node.
  bun: { from: 'bun@1.4.5', command: ['bun', '--bun'], suites: WITHOUT_ZOD },
  deno: { from: 'deno@2.9.6', command: ['deno', 'run', '-A'], suites: OTHERS },
};

const wanted = process.argv.slice(2);
let passed = 0;
let failed = 0;
for (const name of wanted.length > 0 ? wanted : Object.keys(RUNTIMES)) {
  const runtime = Object.hasOwn(RUNTIMES, name) ? RUNTIMES[name] : undefined;
  if (runtime === undefined)
    throw new Error(`${name} must be one of ${Object.keys(RUNTIMES).join(', ')}`);
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'node', '--reporter=dot'];
  const { ok, output } = await run(
    'npx',
    ['--yes', `--package=${runtime.from}`, '--', ...runtime.command, ...vitest, ...runtime.suites],
    { quiet: true, timeout: 10 * 60_000 },
  );
  console.log(`${ok ? 'ok' : 'FAILED'}  ${name}`);
  if (ok) passed += 1;
  else {
    failed += 1;
    console.error(output);
  }
}
summary(passed, failed);
