// Checks who imports whom (docs/decisions/0029): declared dependencies, the order of packages, no circles between packages,
// none between the files and folders of one package. CI runs it as `layers`.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { root, summary } from './lib/process.mjs';

/** The packages from the lowest layer to the highest. A package imports from layers below its own only. */
export const LAYERS = [
  ['foundation'],
  ['crypto'],
  ['mkm'],
  ['dkd'],
  ['core', 'extensions'],
  ['endpoint', 'mnemonic', 'store-encrypted', 'store-indexeddb', 'store-lmdb', 'transport-tcp'],
  ['transport-websocket', 'file-server'],
  ['client', 'station'],
  ['chat', 'groups'],
  // Its entry for applications needs the chat; packages below use its other entries in their tests only.
  ['testing', 'dimp'],
];
/** Helpers of tests, which no source imports. */
const FOR_TESTS = ['fixtures'];
/** Folders of programs, above all packages; the later ones may import the earlier ones. */
const PROGRAMS = ['examples', 'apps'];

/**
 * @typedef {{ dependencies?: Record<string, string>, devDependencies?: Record<string, string>,
 *   peerDependencies?: Record<string, string>, optionalDependencies?: Record<string, string>,
 *   imports?: Record<string, unknown>, name: string }} Manifest
 * @typedef {{ folder: string, manifest: Manifest, layer: number }} Workspace
 */

/**
 * Checks a repository.
 *
 * @param {string} top - its folder
 * @param {readonly (readonly string[])[]} layers
 * @returns {string[]} problems, one line each
 */
export function checkLayers(top, layers = LAYERS) {
  const workspaces = findWorkspaces(top, layers);
  const byName = new Map(workspaces.map((each) => [each.manifest.name, each]));
  const problems = workspaces.flatMap((each) => [
    ...(Number.isNaN(each.layer) ? [`${each.folder}: stands in no layer of check-layers.mjs`] : []),
    ...checkImports(top, each, byName),
  ]);
  const graph = new Map(
    workspaces.map(({ manifest }) => [
      manifest.name,
      new Set(
        Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }).filter((name) =>
          byName.has(name),
        ),
      ),
    ]),
  );
  const circle = findCircle(graph);
  if (circle !== undefined) problems.push(`packages depend in a circle: ${circle.join(' → ')}`);
  return problems;
}

/**
 * @param {string} top
 * @param {readonly (readonly string[])[]} layers
 * @returns {Workspace[]}
 */
function findWorkspaces(top, layers) {
  const packages = foldersIn(top, 'packages').map((folder) => {
    const name = folder.slice('packages/'.length);
    const layer = layers.findIndex((names) => names.includes(name));
    return { folder, layer: FOR_TESTS.includes(name) ? -1 : layer < 0 ? Number.NaN : layer };
  });
  const programs = PROGRAMS.flatMap((parent, index) =>
    foldersIn(top, parent).map((folder) => ({ folder, layer: layers.length + index })),
  );
  return [...packages, ...programs].map(({ folder, layer }) => ({
    folder,
    layer,
    manifest: JSON.parse(readFileSync(join(top, folder, 'package.json'), 'utf8')),
  }));
}

/**
 * @param {string} top
 * @param {string} parent
 */
function foldersIn(top, parent) {
  if (!existsSync(join(top, parent))) return [];
  return readdirSync(join(top, parent))
    .map((name) => `${parent}/${name}`)
    .filter((folder) => existsSync(join(top, folder, 'package.json')));
}

/**
 * Checks the imports of one package.
 *
 * @param {string} top
 * @param {Workspace} workspace
 * @param {ReadonlyMap<string, Workspace>} byName
 */
function checkImports(top, workspace, byName) {
  const { folder, manifest } = workspace;
  /** @type {string[]} */
  const problems = [];
  /** @type {Map<string, Set<string>>} files of src, and the files of src that they import */
  const files = new Map();
  for (const file of sourceFiles(join(top, folder))) {
    const path = slashes(relative(join(top, folder), file));
    const inSource = path.startsWith('src/');
    if (inSource) files.set(path, new Set());
    for (const specifier of importsOf(file)) {
      const problem = problemOf(specifier, inSource, workspace, byName);
      if (problem !== undefined) problems.push(`${folder}/${path}: ${problem}`);
      const targets = targetsOf(specifier, file, join(top, folder), manifest);
      for (const target of targets) {
        if (target.startsWith('..')) {
          problems.push(`${folder}/${path}: ${specifier} is outside of the package`);
        } else if (inSource) files.get(path)?.add(target);
      }
    }
  }
  return [...problems, ...circlesInside(files, folder)];
}

/**
 * What is wrong with the import of a package.
 *
 * @param {string} specifier
 * @param {boolean} inSource
 * @param {Workspace} workspace
 * @param {ReadonlyMap<string, Workspace>} byName
 */
function problemOf(specifier, inSource, { layer, manifest }, byName) {
  if (/^(\.|#|node:)/.test(specifier)) return undefined;
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  if (name === manifest.name) return inSource ? `imports its own package ${specifier}` : undefined;
  const { dependencies, devDependencies, peerDependencies, optionalDependencies } = manifest;
  const declared = { ...dependencies, ...peerDependencies, ...optionalDependencies };
  const imported = byName.get(name);
  if (inSource && imported !== undefined && imported.layer < 0) {
    return `imports ${name}, which is for tests only`;
  }
  if (inSource && imported !== undefined && imported.layer >= layer) {
    return `imports ${name}, which is not in a layer below`;
  }
  if (inSource && !Object.hasOwn(declared, name)) return `imports ${name} without a dependency`;
  if (!Object.hasOwn({ ...declared, ...devDependencies }, name)) {
    return `imports ${name} without a dependency or devDependency`;
  }
  return undefined;
}

/**
 * The files of a package that an import inside it means: several for one that the platform chooses.
 *
 * @param {string} specifier
 * @param {string} file
 * @param {string} folder
 * @param {Manifest} manifest
 */
function targetsOf(specifier, file, folder, { imports = {} }) {
  if (specifier.startsWith('.')) {
    return [slashes(relative(folder, resolve(dirname(file), specifier)))];
  }
  if (!specifier.startsWith('#')) return [];
  const found = new Set(leaves(imports[specifier]).filter((each) => each.startsWith('./src/')));
  return [...found].map((each) => each.slice('./'.length));
}

/** @param {unknown} value @returns {string[]} */
function leaves(value) {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [];
}

/**
 * Circles among the entries of each folder. An entry is a file or a folder with everything below it: two folders whose
 * files import each other form a circle even if the files do not.
 *
 * @param {ReadonlyMap<string, ReadonlySet<string>>} files
 * @param {string} where
 */
function circlesInside(files, where) {
  const problems = [];
  const folders = new Set([...files.keys()].flatMap(parentsOf));
  for (const folder of folders) {
    /** @type {Map<string, Set<string>>} */
    const graph = new Map();
    for (const [file, targets] of files) {
      if (!file.startsWith(`${folder}/`)) continue;
      const entry = entryOf(file, folder);
      const edges = graph.get(entry) ?? new Set();
      graph.set(entry, edges);
      for (const target of targets) {
        if (target.startsWith(`${folder}/`) && entryOf(target, folder) !== entry) {
          edges.add(entryOf(target, folder));
        }
      }
    }
    const circle = findCircle(graph);
    if (circle === undefined) continue;
    const steps = circle
      .slice(1)
      .map((to, index) => example(files, folder, circle[index] ?? '', to));
    problems.push(`${where}/${folder}: circle ${circle.join(' → ')} (${steps.join('; ')})`);
  }
  return problems;
}

/** @param {string} file */
function parentsOf(file) {
  const parts = file.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** @param {string} file @param {string} folder */
function entryOf(file, folder) {
  return file.slice(folder.length + 1).split('/')[0] ?? '';
}

/**
 * One import that leads from an entry to another.
 *
 * @param {ReadonlyMap<string, ReadonlySet<string>>} files
 * @param {string} folder
 * @param {string} from
 * @param {string} to
 */
function example(files, folder, from, to) {
  const isIn = (/** @type {string} */ file, /** @type {string} */ entry) =>
    file.startsWith(`${folder}/`) && entryOf(file, folder) === entry;
  for (const [file, targets] of files) {
    const target = isIn(file, from) ? [...targets].find((each) => isIn(each, to)) : undefined;
    if (target !== undefined) return `${file} imports ${target}`;
  }
  return `${from} imports ${to}`;
}

/**
 * @param {ReadonlyMap<string, ReadonlySet<string>>} graph
 * @returns {string[] | undefined} a circle, its first name again at the end
 */
function findCircle(graph) {
  /** @type {Set<string>} */
  const finished = new Set();
  /** @type {string[]} */
  const path = [];
  /** @param {string} name @returns {string[] | undefined} */
  const visit = (name) => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (finished.has(name)) return undefined;
    path.push(name);
    for (const next of graph.get(name) ?? []) {
      const circle = visit(next);
      if (circle !== undefined) return circle;
    }
    path.pop();
    finished.add(name);
    return undefined;
  };
  for (const name of graph.keys()) {
    const circle = visit(name);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

/** @param {string} folder @returns {string[]} */
function sourceFiles(folder) {
  return ['src', 'test'].flatMap((part) => {
    const parent = join(folder, part);
    if (!existsSync(parent)) return [];
    return readdirSync(parent, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
      .map((file) => join(parent, file));
  });
}

/** @param {string} file */
function importsOf(file) {
  const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'));
  return importedFiles.map(({ fileName }) => fileName);
}

/** @param {string} path */
function slashes(path) {
  return path.replaceAll(sep, '/');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const problems = checkLayers(root);
  for (const problem of problems) console.error(problem);
  summary(problems.length === 0 ? 1 : 0, problems.length);
}
