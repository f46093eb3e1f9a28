#!/usr/bin/env node
import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import { runProgram } from './program.ts';
import { interruption } from './terminal/interruption.ts';
import { OutputStreams } from './terminal/output-streams.ts';

// Node tries each address of a host for 250 ms only, which slow networks exceed. `fetch` has no option for it.
setDefaultAutoSelectFamilyAttemptTimeout(2500);
const { stdin, stdout, stderr, env } = process;
const interrupted = interruption();
const outputs = new OutputStreams(stdout, stderr, interrupted);
const { signal } = interrupted;
const status = await runProgram(process.argv.slice(2), { stdin, stdout, stderr, env, signal });
process.exitCode = await outputs.settled(status);
