// Counts the packages that an installation of each package brings along in production, and compares the count with its budget.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root, summary } from './lib/process.mjs';

/** Most packages that are installed along with each package. */
const BUDGETS = {
  dimp: 33,
  client: 12,
  endpoint: 9,
  extensions: 12,
  core: 8,
  foundation: 3,
  'store-encrypted': 9,
  'store-indexeddb': 10,
  'store-lmdb': 17,
  mnemonic: 13,
  chat: 16,
  groups: 16,
};

let passed = 0;
let failed = 0;
for (const [name, budget] of Object.entries(BUDGETS)) {
  const found = dependenciesOf(join(root, 'packages', name), new Set());
  const ok = found.size <= budget;
  console.log(`${ok ? 'ok' : 'FAILED'}  packages/${name}: ${found.size} of ${budget} packages`);
  if (!ok) console.log(`  ${[...found].sort().join(', ')}`);
  if (ok) passed += 1;
  else failed += 1;
}
summary(passed, failed);

/**
 * Collects the names of all production dependencies, direct and indirect.
 *
 * @param {string} folder
 * @param {Set<string>} found
 * @returns {Set<string>}
 */
function dependenciesOf(folder, found) {
  const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) {
    if (found.has(name)) continue;
    found.add(name);
    dependenciesOf(locate(folder, name), found);
  }
  return found;
}

/**
 * @param {string} from
 * @param {string} name
 * @returns {string}
 */
function locate(from, name) {
  const candidate = join(from, 'node_modules', name);
  if (existsSync(candidate)) return realpathSync(candidate);
  if (dirname(from) === from) throw new Error(`${name} is not installed`);
  return locate(dirname(from), name);
}
