// Installs the packed tarballs into fresh projects, as users would, and uses them there: README's quick start in plain
// JavaScript, CommonJS, strict TypeScript with and without skipLibCheck, Vite, esbuild, and both programs. pnpm gives every
// package only what it declares, so an import that is not declared fails.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { packAll } from './lib/packing.mjs';
import { pnpm, root, run, summary } from './lib/process.mjs';
import { startStation } from './lib/station.mjs';

const folder = mkdtempSync(join(tmpdir(), 'dimp-install-'));
const packages = await packAll(join(folder, 'tarballs'));
const versions = Object.fromEntries(packages.map(({ name, tarball }) => [name, `file:${tarball}`]));
/** Tools as they are installed here, so that nothing else has to be fetched. */
const tools = {
  esbuild: versionOf('esbuild'),
  vite: versionOf('vite', createRequire(import.meta.resolve('vitest'))),
  '@types/node': versionOf('@types/node'),
};

const STATION = '127.0.0.1:9394';
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const quickStart = [...readme.matchAll(/```ts\n(.*?)```/gs)]
  .map(([, code = '']) => code)
  .find((code) => code.includes("from 'dimp/node'"));
if (quickStart === undefined) throw new Error('README.md has no quick start with dimp/node');
const browserStart = quickStart.replace('dimp/node', 'dimp/browser').replace('tcp://', 'ws://');

const everyEntry = packages.flatMap(({ name, manifest }) =>
  Object.keys(manifest.exports ?? {})
    .filter((entry) => entry !== './package.json')
    .map((entry) => name + entry.slice(1)),
);

const STRICT = {
  target: 'ES2022',
  module: 'NodeNext',
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  noEmit: true,
  types: ['node'],
};
const everyType = everyEntry.map((entry, index) => `import type * as e${index} from '${entry}';`);
const useTypes = `export type All = [${everyEntry.map((_, index) => `typeof e${index}`)}];\n`;

/** @type {Record<string, { dependencies: Record<string, string>, files: Record<string, string> }>} */
const projects = {
  javascript: { dependencies: only('dimp'), files: { 'main.mjs': quickStart } },
  commonjs: {
    dependencies: only('dimp'),
    files: { 'main.cjs': asCommonJs(quickStart) },
  },
  typescript: {
    dependencies: { ...versions, '@types/node': tools['@types/node'] },
    files: {
      'main.mts': quickStart,
      'types.mts': `${everyType.join('\n')}\n${useTypes}`,
      'tsconfig.json': JSON.stringify({ compilerOptions: { ...STRICT, skipLibCheck: true } }),
      'tsconfig.lib.json': JSON.stringify({ compilerOptions: { ...STRICT, skipLibCheck: false } }),
    },
  },
  vite: {
    dependencies: { ...only('dimp'), vite: tools.vite },
    files: {
      'main.js': browserStart,
      'index.html': '<!doctype html><script type="module" src="/main.js"></script>',
    },
  },
  esbuild: {
    dependencies: { ...only('dimp'), esbuild: tools.esbuild },
    files: { 'main.js': browserStart },
  },
  entries: {
    dependencies: versions,
    files: {
      'main.mjs': `for (const entry of ${JSON.stringify(everyEntry)}) await import(entry);\n`,
    },
  },
  programs: { dependencies: only('@dimp/cli', '@dimp/station-app'), files: {} },
};

try {
  for (const [name, { dependencies, files }] of Object.entries(projects)) {
    const project = join(folder, name);
    mkdirSync(project);
    const manifest = { name, private: true, dependencies };
    for (const [file, text] of Object.entries({
      ...files,
      'package.json': JSON.stringify(manifest, undefined, 2),
    })) {
      writeFileSync(join(project, file), text);
    }
  }
  writeFileSync(
    join(folder, 'pnpm-workspace.yaml'),
    `packages: ['*']\nstrictDepBuilds: false\noverrides: ${JSON.stringify(versions)}\n`,
  );
  writeFileSync(join(folder, 'package.json'), '{ "name": "projects", "private": true }');
  const installed = await pnpm(['--dir', folder, 'install', '--prefer-offline'], { quiet: true });
  if (!installed.ok) throw new Error(`the packages cannot be installed:\n${installed.output}`);
  const main = join(folder, 'programs/node_modules/@dimp/station-app/dist/main.js');
  const station = await startStation(main);
  try {
    await checkAll(station.port);
  } finally {
    await station.stop();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** @param {number} port of a station */
async function checkAll(port) {
  for (const [project, file] of [
    ['javascript', 'main.mjs'],
    ['commonjs', 'main.cjs'],
  ]) {
    const path = join(folder, project ?? '', file ?? '');
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(STATION, `127.0.0.1:${port}`));
  }
  const { execPath: node } = process;
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const bin = (/** @type {string} */ name) => join(folder, 'programs/node_modules/.bin', name);
  const esbuild = ['--bundle', '--format=esm', '--outfile=out.js', '--log-level=warning'];
  /** @type {[string, string, string[], RegExp?][]} */
  const checks = [
    ['README quick start, JavaScript', node, ['javascript/main.mjs'], /Hello/],
    ['README quick start, CommonJS', node, ['commonjs/main.cjs'], /Hello/],
    ['every entry point loads', node, ['entries/main.mjs']],
    ['strict TypeScript', node, [tsc, '-p', 'typescript/tsconfig.json']],
    ['strict TypeScript, libraries too', node, [tsc, '-p', 'typescript/tsconfig.lib.json']],
    ['Vite', node, ['vite/node_modules/vite/bin/vite.js', 'build', 'vite']],
    ['esbuild', 'esbuild/node_modules/.bin/esbuild', ['esbuild/main.js', ...esbuild]],
    ['dim --version', bin('dim'), ['--version'], /\d+\.\d+\.\d+/],
    ['dim-station --version', bin('dim-station'), ['--version'], /\d+\.\d+\.\d+/],
  ];
  let passed = 0;
  let failed = 0;
  for (const [title, program, args, expected = /(?:)/] of checks) {
    const options = { quiet: true, cwd: folder, timeout: 300_000 };
    const { ok, output } = await run(program, args, options);
    // lmdb declares its types in a way that TypeScript refuses; only declarations of this repository count.
    const isTheirs =
      title.includes('libraries') && !/^[^(]*(\/dimp@|@dimp\+|^typescript\/)/m.test(output);
    const isGood = (ok || isTheirs) && expected.test(output);
    console.log(`${isGood ? 'ok' : 'FAILED'}  ${title}`);
    if (isGood) passed += 1;
    else {
      failed += 1;
      console.error(output);
    }
  }
  summary(passed, failed);
}

/** @param {readonly string[]} names of packages */
function only(...names) {
  return Object.fromEntries(names.map((name) => [name, versions[name] ?? '']));
}

/**
 * @param {string} name
 * @param {NodeJS.Require} from
 * @returns {string} the version that is installed here
 */
function versionOf(name, from = createRequire(join(root, 'package.json'))) {
  const entry = from.resolve.paths(name)?.map((path) => join(path, name, 'package.json')) ?? [];
  for (const file of entry) {
    try {
      return JSON.parse(readFileSync(file, 'utf8')).version;
    } catch {
      // Not in this folder.
    }
  }
  throw new Error(`${name} is not installed (searched from ${dirname(entry[0] ?? '')})`);
}

/** @param {string} code a module whose imports are on lines of their own */
function asCommonJs(code) {
  const body = code.replace(
    /^import \{(.*)\} from '(.*)';.*$/gm,
    (_, names, from) => `const {${names}} = require('${from}');`,
  );
  return `(async () => {\n${body}\n})();\n`;
}
