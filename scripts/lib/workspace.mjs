import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './process.mjs';

/**
 * @typedef {object} Manifest a package.json, as far as scripts need it
 * @property {string} name
 * @property {string} version
 * @property {boolean} [private]
 * @property {string} [description]
 * @property {Record<string, string>} [scripts]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [devDependencies]
 * @property {Record<string, string>} [peerDependencies]
 * @property {Record<string, unknown>} [exports]
 */

/**
 * Workspace packages in a folder of the root.
 *
 * @param {string} folder such as `packages`
 * @returns {{ path: string, manifest: Manifest }[]}
 */
export function packagesIn(folder) {
  const base = join(root, folder);
  if (!existsSync(base)) return [];
  return readdirSync(base)
    .map((name) => join(base, name))
    .filter((path) => existsSync(join(path, 'package.json')))
    .map((path) => ({
      path,
      manifest: JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')),
    }));
}

/** All workspace packages, those of the benchmarks included. */
export function workspaces() {
  return [
    ...['packages', 'apps', 'examples'].flatMap(packagesIn),
    ...packagesIn('.').filter(({ manifest }) => manifest.name === '@dimp/benchmarks'),
  ];
}

/**
 * Creates an empty folder from which every package of this repository, and all their dependencies, can be imported
 * like a user does: by name, through `node_modules`.
 *
 * @param {string} name
 * @returns {string} its path
 */
export function userFolder(name) {
  const folder = join(root, 'node_modules/.cache', name);
  rmSync(folder, { recursive: true, force: true });
  const modules = join(folder, 'node_modules');
  mkdirSync(modules, { recursive: true });
  const packages = [...packagesIn('packages'), ...packagesIn('examples')];
  for (const { path, manifest } of packages) link(path, join(modules, manifest.name));
  for (const { path } of packages) {
    for (const dependency of installedIn(join(path, 'node_modules'))) {
      link(join(path, 'node_modules', dependency), join(modules, dependency));
    }
  }
  return folder;
}

/** @param {string} folder a `node_modules` */
function installedIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@')
        ? readdirSync(join(folder, name)).map((inner) => `${name}/${inner}`)
        : [name],
    );
}

/**
 * @param {string} target
 * @param {string} path
 */
function link(target, path) {
  if (existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path, 'junction');
}
