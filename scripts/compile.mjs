// Builds the workspace in the current folder: its portable files, then those that only Node loads.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { compile } from './lib/compiler.mjs';

for (const name of ['tsconfig.build.json', 'tsconfig.build.node.json']) {
  const config = resolve(name);
  if (process.exitCode || !existsSync(config)) continue;
  const { ok } = await compile(config);
  if (!ok) process.exitCode = 1;
}
