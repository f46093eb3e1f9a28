// `pnpm vectors [folder]`: runs language-neutral vectors against the built packages, by default those of this repository.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root, summary } from './lib/process.mjs';

const folder = process.argv[2] === undefined ? join(root, 'vectors') : resolve(process.argv[2]);
const runner = join(root, 'packages/testing/dist/vectors.js');
if (!existsSync(runner)) fail('packages/testing is not built');
if (!existsSync(join(folder, 'accounts.json'))) fail(`${folder} holds no vectors`);

const { VectorRunner } = await import(runner);
const { chatOperations } = await import(join(root, 'packages/testing/dist/vectors-chat.js'));
const read = (/** @type {string} */ name) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => /(^|[\\/])(valid|invalid)[\\/][^\\/]+\.json$/.test(name))
  .sort();

const vectors = new VectorRunner(read('accounts.json').accounts, chatOperations);
let passed = 0;
let failed = 0;
for (const name of files) {
  for (const { id, passed: ok, reason } of await vectors.runFile(read(name))) {
    if (ok) {
      passed += 1;
    } else {
      failed += 1;
      console.error(`${name} ${id}: ${reason}`);
    }
  }
}
if (passed + failed === 0) fail(`${folder} holds no vectors`);
summary(passed, failed);

/** @param {string} reason */
function fail(reason) {
  console.error(reason);
  process.exit(1);
}
