// `npm start`: from a fresh clone to a running station and a chat over it. Prints little unless something fails.
import { build, install, quietly, requireNode, run } from './lib/process.mjs';

const HELP = `Usage: npm start [-- options]

Shows DIM at work: builds the programs, starts a station on this machine, and lets two people chat
over it. Then it tells what to type in other terminals to join them, and keeps the station up until
Ctrl-C. Everything listens on 127.0.0.1 only, and lies in a folder that is removed at the end.

Options:
  --once      end after the conversation, instead of keeping the station up
  -h, --help  show this help

Station and command line by themselves: docs/guides/station.md, docs/guides/command-line.md
`;

const args = process.argv.slice(2);
const unknown = args.find((arg) => !['--once', '-h', '--help'].includes(arg));
if (unknown !== undefined) {
  process.stderr.write(`npm start: unknown option "${unknown}"\n\n${HELP}`);
  process.exitCode = 64;
} else if (args.includes('-h') || args.includes('--help')) {
  process.stdout.write(HELP);
} else {
  requireNode();
  await quietly('installing', install);
  await quietly('building', build);
  const { ok } = await run(process.execPath, ['apps/demo/dist/main.js', ...args]);
  if (!ok) process.exitCode = 1;
}
