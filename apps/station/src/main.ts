#!/usr/bin/env node
import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import { runProgram } from './program.ts';

// Node's own 250 ms for one address of a name are less than slow networks take; `fetch` cannot be told otherwise.
setDefaultAutoSelectFamilyAttemptTimeout(2500);
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
