// Type-checks every workspace, tests included, and the scripts and tests at the root, against the sources: nothing has to
// be built. With folders as arguments, such as `packages/core`, only those.
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { compile } from './lib/compiler.mjs';
import { root, summary } from './lib/process.mjs';
import { workspaces } from './lib/workspace.mjs';

const wanted = process.argv.slice(2).map((folder) => folder.replace(/\/$/, ''));
const folders = [...workspaces().map(({ path }) => relative(root, path)), '.'];
const unknown = wanted.find((folder) => !folders.includes(folder));
if (unknown !== undefined) throw new Error(`${unknown} is not a workspace folder`);

const configs = (wanted.length > 0 ? wanted : folders).flatMap((folder) =>
  ['tsconfig.json', 'tsconfig.node.json', 'tsconfig.scripts.json']
    .map((name) => join(root, folder, name))
    .filter((file) => existsSync(file)),
);
let passed = 0;
let failed = 0;
const queue = [...configs];
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (let config = queue.shift(); config !== undefined; config = queue.shift()) {
      const { ok, output } = await compile(config, ['--pretty', 'false'], { quiet: true });
      if (ok) passed += 1;
      else {
        failed += 1;
        console.error(`${relative(root, config)}:\n${output}`);
      }
    }
  }),
);
summary(passed, failed);
