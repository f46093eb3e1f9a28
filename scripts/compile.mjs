// Builds the workspace in the current folder: its portable files, then those that only Node loads. Output of sources that no
// longer exist is removed.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { compile } from './lib/compiler.mjs';

for (const name of ['tsconfig.build.json', 'tsconfig.build.node.json']) {
  const config = resolve(name);
  if (process.exitCode || !existsSync(config)) continue;
  const { ok } = await compile(config);
  if (!ok) process.exitCode = 1;
}
if (!process.exitCode) removeStale();

/** An earlier build may have left files that checks would read and packages would contain. */
function removeStale() {
  for (const file of readdirSync('dist', { recursive: true, encoding: 'utf8' })) {
    const [, source] = /^(.*)\.(?:d\.ts|js)(?:\.map)?$/.exec(file) ?? [];
    if (source !== undefined && !existsSync(join('src', `${source}.ts`)))
      rmSync(join('dist', file));
  }
}
