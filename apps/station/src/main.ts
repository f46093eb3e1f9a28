#!/usr/bin/env node
import { runProgram } from './program.ts';

// Whoever read our words may have gone; that ends nothing.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

const { stdout, stderr, env } = process;
const status = await runProgram(process.argv.slice(2), {
  stdout,
  stderr,
  env,
  folder: process.cwd(),
});
// Nothing that is still open may keep the program: what had to be written is written.
process.exit(status);
