// Compares the entry points that a package declares with its files, in both directions. Runs in the package's folder.
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
/** @type {string[]} */
const problems = [];

/**
 * Every file that a value of `exports` or `imports` leads to, with its conditions.
 *
 * @param {unknown} value
 * @param {string[]} conditions
 * @returns {{ file: string, conditions: string[] }[]}
 */
function targets(value, conditions = []) {
  if (typeof value === 'string') return [{ file: value, conditions }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => targets(inner, [...conditions, name]));
}

/**
 * @param {string} folder
 * @returns {string[]} files below it, as paths that begin with it
 */
function filesIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.replaceAll('\\', '/'));
}

/** Which dist files a source file becomes. @param {string} source */
function outputsOf(source) {
  const stem = source.replace(/^src\//, './dist/').replace(/\.ts$/, '');
  return [`${stem}.js`, `${stem}.d.ts`];
}

const entries = Object.entries({ ...manifest.exports, ...manifest.imports });
/** @type {Set<string>} */
const declared = new Set();
for (const [name, value] of entries) {
  const list = targets(value);
  for (const { file, conditions } of list) {
    declared.add(file);
    if (!existsSync(file)) problems.push(`${name}: ${file} does not exist`);
    if (file.startsWith('./src/') !== conditions.includes('@dimp/source')) {
      if (file !== './package.json') problems.push(`${name}: ${file} under the wrong condition`);
    }
  }
  // Tests must see what users get: the same file names in src and in dist.
  const stems = (/** @type {string} */ folder, /** @type {RegExp} */ end) =>
    list
      .filter(({ file, conditions }) => file.startsWith(folder) && !conditions.includes('types'))
      .map(({ file }) => file.slice(folder.length).replace(end, ''))
      .sort()
      .join();
  if (stems('./src/', /\.ts$/) !== stems('./dist/', /\.js$/)) {
    problems.push(`${name}: src and dist differ`);
  }
}

const sources = filesIn('src').filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));
const outputs = new Set(sources.flatMap(outputsOf));
for (const file of outputs) {
  if (!existsSync(file)) problems.push(`${file} was not built`);
}
for (const file of filesIn('dist').filter((name) => /\.(js|d\.ts)$/.test(name))) {
  if (!outputs.has(`./${file}`))
    problems.push(`${file} has no source: delete dist and build again`);
}
for (const source of sources) {
  // By convention an entry point is src/index.ts, or src/x.ts beside a folder src/x. Native files come in pairs.
  const folder = source.replace(/\.ts$/, '');
  const isEntry =
    source === 'src/index.ts' ||
    (/^src\/[^/]+\.ts$/.test(source) && existsSync(folder)) ||
    /^src\/native\/[^/]+\.(node|default)\.ts$/.test(source);
  if (isEntry && !declared.has(`./${source}`))
    problems.push(`${source} is not declared in exports or imports`);
}

if (manifest.private !== true) {
  const wanted = { type: 'module', sideEffects: false, license: 'MIT' };
  for (const [field, value] of Object.entries(wanted)) {
    if (manifest[field] !== value) problems.push(`package.json: ${field} must be ${value}`);
  }
  if (!existsSync('README.md')) problems.push('README.md does not exist');
}

for (const problem of problems) console.error(`${manifest.name}: ${problem}`);
if (problems.length > 0) process.exitCode = 1;
else console.log(`${manifest.name}: exports, imports and files agree`);
