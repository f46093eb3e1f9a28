#!/usr/bin/env node
import { runProgram } from './program.ts';

const { stdout, stderr, env } = process;
const status = await runProgram(process.argv.slice(2), {
  stdout,
  stderr,
  env,
  folder: process.cwd(),
});
// Nothing that is still open may keep the program: what had to be written is written.
process.exit(status);
