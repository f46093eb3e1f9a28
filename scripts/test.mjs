// `npm test`: from a fresh clone to the result of all tests.
import { build, install, pnpm, quietly, requireNode, run, summary } from './lib/process.mjs';

requireNode();
await quietly('installing', install);
await quietly('building', build);

const node = process.execPath;
/** Longer than any step takes; a step that hangs is stopped. */
const timeout = 30 * 60_000;
const vitest = ['exec', 'vitest', 'run', '--project', 'node'];
/** @type {[string, () => Promise<{ ok: boolean }>][]} */
const steps = [
  ['tests in Node', () => pnpm(vitest, { timeout })],
  ['tests in Chromium', () => run(node, ['scripts/test-browser.mjs'], { timeout })],
  ['vectors', () => run(node, ['scripts/run-vectors.mjs'], { timeout })],
  ['examples', () => run(node, ['scripts/run-examples.mjs'], { timeout })],
  ['what npm start does', () => run(node, ['apps/demo/dist/main.js', '--once'], { timeout })],
];
/** @type {string[]} */
const failed = [];
for (const [title, step] of steps) {
  console.log(`\n== ${title}`);
  const { ok } = await step();
  if (!ok) failed.push(title);
}
console.log(`\n== npm test${failed.length > 0 ? `, failed: ${failed.join(', ')}` : ''}`);
summary(steps.length - failed.length, failed.length);
