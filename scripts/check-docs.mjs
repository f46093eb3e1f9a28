// Type-checks every `ts` block of the documentation against the sources, then runs those of the READMEs against the
// built packages. A block is a whole program: what it needs, it imports.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { root, run, summary } from './lib/process.mjs';
import { packagesIn, userFolder } from './lib/workspace.mjs';

/** @typedef {{ document: string, line: number, code: string, file: string }} Block */

const readmes = [root, ...packagesIn('packages').map(({ path }) => path)]
  .map((path) => relative(root, join(path, 'README.md')))
  .filter((path) => existsSync(join(root, path)));
const guideFolder = join(root, 'docs/guides');
const guides = existsSync(guideFolder)
  ? readdirSync(guideFolder)
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/guides/${name}`)
  : [];

const folder = userFolder('check-docs');
/** @type {string[]} */
const refused = [];
const blocks = [...readmes, ...guides].flatMap(blocksOf);
const bad = new Set(typeCheck(blocks));
for (const problem of refused) console.error(problem);

let failed = refused.length + bad.size;
let passed = 0;
for (const block of blocks) {
  if (bad.has(block)) continue;
  if (!readmes.includes(block.document) || (await runs(block))) passed += 1;
  else failed += 1;
}
summary(passed, failed);

/**
 * @param {string} document path from the root
 * @returns {Block[]}
 */
function blocksOf(document) {
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
