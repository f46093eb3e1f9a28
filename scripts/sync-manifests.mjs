// Writes what all package.json files have in common: version, licence, engines, and where to find the project. The root
// package.json is the one place where these are decided. `--check` only says which files are out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root, summary } from './lib/process.mjs';
import { workspaces } from './lib/workspace.mjs';

const { version, license, engines, repository, homepage, bugs, keywords } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);

const onlyCheck = process.argv.includes('--check');
let passed = 0;
let failed = 0;
for (const { path, manifest } of workspaces()) {
  const file = join(path, 'package.json');
  const directory = relative(root, path).replaceAll('\\', '/');
  const { name, version: _, private: isPrivate, description, ...rest } = manifest;
  const published = { repository: { ...repository, directory }, homepage, bugs, keywords };
  const wanted = {
    name,
    version,
    ...(isPrivate ? { private: true } : {}),
    description,
    ...(isPrivate ? {} : published),
    ...without(rest, ['repository', 'homepage', 'bugs', 'keywords', 'engines', 'license']),
    license,
    engines,
  };
  if (JSON.stringify(sorted(wanted)) === JSON.stringify(sorted(manifest))) passed += 1;
  else if (onlyCheck) {
    console.log(`${directory}/package.json is out of date: node scripts/sync-manifests.mjs`);
    failed += 1;
  } else {
    writeFileSync(file, `${JSON.stringify(inOrder(wanted), undefined, 2)}\n`);
    console.log(`${directory}/package.json written`);
    passed += 1;
  }
}
summary(passed, failed);

/** Members in the usual order; unknown ones come last. @param {object} manifest */
function inOrder(manifest) {
  const order = [
    ...['name', 'version', 'private', 'description', 'keywords', 'license', 'repository'],
    ...['homepage', 'bugs', 'type', 'sideEffects', 'bin', 'exports', 'imports', 'files', 'scripts'],
    ...['dependencies', 'peerDependencies', 'devDependencies', 'engines'],
  ];
  const rank = (/** @type {string} */ name) =>
    order.includes(name) ? order.indexOf(name) : order.length;
  return Object.fromEntries(Object.entries(manifest).sort(([a], [b]) => rank(a) - rank(b)));
}

/**
 * @param {object} manifest
 * @param {readonly string[]} names
 */
function without(manifest, names) {
  return Object.fromEntries(Object.entries(manifest).filter(([name]) => !names.includes(name)));
}

/** @param {object} manifest */
function sorted(manifest) {
  return Object.entries(manifest)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
