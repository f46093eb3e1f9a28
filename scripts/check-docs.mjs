// Type-checks every `ts` block of the documentation against the sources, then runs those of the READMEs against the
// built packages. A block is a whole program: what it needs, it imports. Links between pages, paths of sources that pages
// name, and sections of the specification that sources and pages cite have to exist. `--references` checks only these.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { readSections, wrongCitations } from './lib/citations.mjs';
import { brokenLinks, missingPaths } from './lib/doc-links.mjs';
import { root, run, summary } from './lib/process.mjs';
import { startStation } from './lib/station.mjs';
import { packagesIn, userFolder } from './lib/workspace.mjs';

/** @typedef {{ document: string, line: number, code: string, file: string }} Block */

/** Where examples expect a station on this machine; one on a free port takes its place. */
const STATION = '127.0.0.1:9394';

const readmes = [root, ...packagesIn('packages').map(({ path }) => path)]
  .map((path) => relative(root, join(path, 'README.md')))
  .filter((path) => existsSync(join(root, path)));
const guideFolder = join(root, 'docs/guides');
const guides = existsSync(guideFolder)
  ? readdirSync(guideFolder)
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/guides/${name}`)
  : [];

/** @type {string[]} */
const refused = await wrongReferences();
let failed = 0;
let passed = 1;
if (!process.argv.includes('--references')) {
  const folder = userFolder('check-docs');
  const blocks = [...readmes, ...guides].flatMap((document) => blocksOf(document, folder));
  const bad = new Set(typeCheck(blocks));
  failed += bad.size;
  const station = blocks.some(({ code }) => code.includes(STATION))
    ? await startStation()
    : undefined;
  for (const block of blocks) {
    if (bad.has(block)) continue;
    const code = block.code.replaceAll(STATION, `127.0.0.1:${station?.port}`);
    if (!readmes.includes(block.document) || (await runs({ ...block, code }))) passed += 1;
    else failed += 1;
  }
  await station?.stop();
}
for (const problem of refused) console.error(problem);
summary(passed, failed + refused.length);

/**
 * Checks what pages and sources refer to: links, paths of sources, sections of the specification.
 *
 * @returns {Promise<string[]>} what does not exist, each with its place
 */
async function wrongReferences() {
  const sections = readSections(join(root, 'docs/protocol.md'));
  // The check has to notice what it is for: a section, a row of a section, a link and a path that do not exist.
  const probe =
    'See spec §8.99 and §14.2 no. 99, RFC 8017 §99.9, [a page](nowhere.md), `client/src/nowhere.ts`.';
  const found = [
    ...wrongCitations(probe, sections).map(({ citation }) => citation),
    ...brokenLinks(join(root, 'README.md'), probe),
    ...missingPaths(probe, root, []),
  ];
  if (found.join() !== '§8.99,§14.2 no. 99,nowhere.md,client/src/nowhere.ts') {
    throw new Error(`the check of references does not work: it finds ${found.join()}`);
  }

  const listed = await run('git', ['ls-files', '-co', '--exclude-standard'], { quiet: true });
  if (!listed.ok) throw new Error(listed.output);
  const files = listed.output.split('\n').filter((file) => existsSync(join(root, file)));
  /** @type {string[]} */
  const problems = [];
  for (const file of files.filter((each) => /\.(?:m?[jt]s|tsx|py|md|ya?ml)$/.test(each))) {
    const text = readFileSync(join(root, file), 'utf8');
    // This script cites what does not exist, as a probe.
    if (!file.endsWith('check-docs.mjs')) {
      for (const { line, citation } of wrongCitations(text, sections)) {
        problems.push(`${file}:${line}: ${citation}: the specification has no such section or row`);
      }
    }
    if (!file.endsWith('.md') || basename(file) === 'CHANGELOG.md') continue;
    for (const link of brokenLinks(join(root, file), text)) {
      problems.push(`${file}: the link ${link} leads nowhere`);
    }
    if (!file.startsWith('docs/') && basename(file) !== 'README.md') continue;
    for (const path of missingPaths(text, root, files)) {
      problems.push(`${file}: ${path} is not a file or folder of the sources`);
    }
  }
  return problems;
}

/**
 * @param {string} document path from the root
 * @param {string} folder where its blocks become files
 * @returns {Block[]}
 */
function blocksOf(document, folder) {
  const lines = readFileSync(join(root, document), 'utf8').split('\n');
  /** @type {Block[]} */
  const found = [];
  /** @type {number | undefined} */
  let start;
  let language = '';
  for (const [index, line] of lines.entries()) {
    const fence = /^\s*```(.*)$/.exec(line);
    if (fence === null) continue;
    if (start === undefined) {
      start = index + 1;
      language = (fence[1] ?? '').trim();
      if (/^(ts|tsx|typescript|mts)\b/.test(language) && language !== 'ts') {
        refused.push(`${document}:${start}: \`${language}\`: write \`ts\`, which is checked`);
      }
      continue;
    }
    if (language === 'ts') {
      const code = lines.slice(start, index).join('\n');
      const file = join(folder, `${document.replaceAll(/[^\w]/g, '_')}_${start}.mts`);
      found.push({ document, line: start, code, file });
    }
    start = undefined;
  }
  return found;
}

/**
 * Type-checks all blocks as one program and prints what is wrong, at the line of the document.
 *
 * @param {Block[]} list
 * @returns {Block[]} the blocks with errors
 */
function typeCheck(list) {
  for (const { file, line, code } of list) {
    mkdirSync(dirname(file), { recursive: true });
    // As many lines in front as in the document, so that error messages have its line numbers.
    writeFileSync(file, `${'\n'.repeat(line)}${code}\nexport {};\n`);
  }
  const base = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(
    {
      compilerOptions: {
        ...base.config.compilerOptions,
        composite: false,
        declaration: false,
        declarationMap: false,
        isolatedDeclarations: false,
        noEmit: true,
        noUnusedLocals: false,
        types: ['node'],
        typeRoots: [join(root, 'node_modules/@types')],
      },
    },
    ts.sys,
    root,
  );
  const program = ts.createProgram(
    list.map(({ file }) => file),
    options,
  );
  /** @type {Set<Block>} */
  const wrong = new Set();
  for (const diagnostic of ts.getPreEmitDiagnostics(program)) {
    const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n');
    const block = list.find(({ file }) => file === diagnostic.file?.fileName);
    const at = diagnostic.file?.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line ?? 0;
    const place = block?.document ?? relative(root, diagnostic.file?.fileName ?? 'tsconfig');
    console.error(`${place}:${at + 1}: ${text}`);
    if (block === undefined) process.exitCode = 1;
    else wrong.add(block);
  }
  return [...wrong];
}

/**
 * Runs a block in a Node of its own.
 *
 * @param {Block} block
 */
async function runs({ document, line, code, file }) {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  const script = file.replace(/\.mts$/, '.mjs');
  writeFileSync(script, outputText);
  const { ok, output } = await run(process.execPath, [script], { quiet: true, timeout: 60_000 });
  if (!ok) console.error(`${document}:${line}: the example fails\n${output}`);
  return ok;
}
