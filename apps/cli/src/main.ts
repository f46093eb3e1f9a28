#!/usr/bin/env node
import { interruption } from './interruption.ts';
import { Outputs } from './outputs.ts';
import { runProgram } from './program.ts';

const { stdin, stdout, stderr, env } = process;
const interrupted = interruption();
const outputs = new Outputs(stdout, stderr, interrupted);
const { signal } = interrupted;
const status = await runProgram(process.argv.slice(2), { stdin, stdout, stderr, env, signal });
process.exitCode = await outputs.settled(status);
