#!/usr/bin/env node
import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import { runProgram } from './program.ts';

// Node tries each address of a host for 250 ms only, which slow networks exceed. `fetch` has no option for it.
setDefaultAutoSelectFamilyAttemptTimeout(2500);
// The station keeps running if the reader of its output has gone.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

const { stdout, stderr, env } = process;
const status = await runProgram(process.argv.slice(2), {
  stdout,
  stderr,
  env,
  folder: process.cwd(),
});
// Exit even if something is still open: everything is written.
process.exit(status);
