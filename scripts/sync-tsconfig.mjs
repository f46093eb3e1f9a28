// Writes the tsconfig files of all workspaces from their package.json. `--check` only says which are out of date.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { root, summary } from './lib/process.mjs';
import { packagesIn, workspaces } from './lib/workspace.mjs';

/** Packages that run in Node only. The others are portable; what only Node loads is in files named `*.node.ts`. */
const NODE_PACKAGES = [
  ...['dimp', 'file-server', 'fixtures', 'station'],
  ...['store-lmdb', 'transport-tcp', 'transport-websocket'],
];

/** @typedef {Record<string, { extends: string, compilerOptions?: object, references?: { path: string }[] }>} Configs by file name */

const packages = packagesIn('packages');
/** @type {[string, Configs][]} */
const wanted = [
  ...packages.map(
    ({ path, manifest }) => /** @type {[string, Configs]} */ ([path, ofPackage(path, manifest)]),
  ),
  ...workspaces()
    .filter(({ path }) => !packages.some((each) => each.path === path))
    .map(
      ({ path, manifest }) => /** @type {[string, Configs]} */ ([path, ofProgram(path, manifest)]),
    ),
];

const onlyCheck = process.argv.includes('--check');
let passed = 0;
let failed = 0;
for (const [folder, configs] of wanted) {
  const present = readdirSync(folder).filter((name) => /^tsconfig.*\.json$/.test(name));
  for (const name of new Set([...present, ...Object.keys(configs)])) {
    const file = join(folder, name);
    const config = configs[name];
    const text = config === undefined ? undefined : `${JSON.stringify(config, undefined, 2)}\n`;
    if (text === (existsSync(file) ? readFileSync(file, 'utf8') : undefined)) passed += 1;
    else if (onlyCheck) {
      console.log(`${relative(root, file)} is out of date: node scripts/sync-tsconfig.mjs`);
      failed += 1;
    } else {
      if (text === undefined) rmSync(file);
      else writeFileSync(file, text);
      console.log(`${relative(root, file)} ${text === undefined ? 'removed' : 'written'}`);
      passed += 1;
    }
  }
}
summary(passed, failed);

/**
 * @param {string} path
 * @param {import('./lib/workspace.mjs').Manifest} manifest
 * @returns {Configs}
 */
function ofPackage(path, manifest) {
  const node = NODE_PACKAGES.includes(basename(path));
  const names = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  const references = packages
    .filter((each) => names.includes(each.manifest.name))
    .map((each) => ({ path: `../${basename(each.path)}/tsconfig.build.json` }));
  const preset = (/** @type {string} */ name) => ({ extends: `../../tsconfig/${name}.json` });
  /** @type {Configs} */
  const configs = { 'tsconfig.json': preset(node ? 'check-all-node' : 'check') };
  if (!node && hasNodeFiles(path, ['src', 'test'])) {
    configs['tsconfig.node.json'] = preset('check-node');
  }
  if (manifest.private === true) return configs;
  configs['tsconfig.build.json'] = {
    ...preset(node ? 'build-all-node' : 'build'),
    ...(references.length > 0 ? { references } : {}),
  };
  if (!node && hasNodeFiles(path, ['src'])) {
    configs['tsconfig.build.node.json'] = preset('build-node');
  }
  return configs;
}

/**
 * @param {string} path
 * @param {import('./lib/workspace.mjs').Manifest} manifest
 * @returns {Configs}
 */
function ofProgram(path, manifest) {
  // A program that other workspaces import parts of has to say their types.
  const imported = Object.keys(manifest.exports ?? {}).some((name) => name !== './package.json');
  const presets = relative(path, join(root, 'tsconfig'));
  return {
    'tsconfig.json': { extends: `${presets}/program.json` },
    'tsconfig.build.json': {
      extends: `${presets}/program-build.json`,
      ...(imported ? { compilerOptions: { declaration: true } } : {}),
    },
  };
}

/**
 * Whether a package has files that only Node loads.
 *
 * @param {string} path
 * @param {readonly string[]} folders
 */
function hasNodeFiles(path, folders) {
  return folders
    .map((folder) => join(path, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    .some((file) => /\.(node|node\.test|slow)\.ts$/.test(file));
}
