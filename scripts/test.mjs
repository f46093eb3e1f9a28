// `npm test`: from a fresh clone to the result of all tests. With DIM_THOROUGH=1, as in CI, long tests repeat what they do more
// often, and Chromium runs all portable tests.
import { build, install, pnpm, quietly, requireNode, run, summary } from './lib/process.mjs';

requireNode();
await quietly('installing', install);
await quietly('building', build);

const node = process.execPath;
/** Longer than any step takes; a step that hangs is stopped. */
const timeout = 30 * 60_000;
const vitest = ['exec', 'vitest', 'run', '--project', 'node'];
const inChromium = process.env['DIM_THOROUGH'] ? [] : ['--platform'];
/** What runs beside the tests in Node, which spend half of their time waiting. @type {[string, string[]][]} */
const beside = [
  ['tests in Chromium', ['scripts/test-browser.mjs', ...inChromium]],
  ['vectors', ['scripts/run-vectors.mjs']],
  ['examples', ['scripts/run-examples.mjs']],
  ['what npm start does', ['apps/demo/dist/main.js', '--once']],
];
/** @type {string[]} */
const failed = [];

/** Runs the steps one after the other. @returns their output, to be shown when the tests in Node have ended */
async function runBeside() {
  /** @type {string[]} */
  const shown = [];
  for (const [title, args] of beside) {
    const { ok, output } = await run(node, args, { quiet: true, timeout });
    if (!ok) failed.push(title);
    shown.push(`\n== ${title}\n${output}`);
  }
  return shown;
}

const running = runBeside();
console.log('\n== tests in Node');
const inNode = await pnpm(vitest, { timeout });
if (!inNode.ok) failed.push('tests in Node');
for (const output of await running) console.log(output);
console.log(`\n== npm test${failed.length > 0 ? `, failed: ${failed.join(', ')}` : ''}`);
summary(1 + beside.length - failed.length, failed.length);
