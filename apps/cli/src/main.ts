#!/usr/bin/env node
import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import { runProgram } from './program.ts';
import { interruption } from './terminal/interruption.ts';
import { Outputs } from './terminal/output-streams.ts';

// Node's own 250 ms for one address of a name are less than slow networks take; `fetch` cannot be told otherwise.
setDefaultAutoSelectFamilyAttemptTimeout(2500);
const { stdin, stdout, stderr, env } = process;
const interrupted = interruption();
const outputs = new Outputs(stdout, stderr, interrupted);
const { signal } = interrupted;
const status = await runProgram(process.argv.slice(2), { stdin, stdout, stderr, env, signal });
process.exitCode = await outputs.settled(status);
