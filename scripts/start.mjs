// `npm start`: from a fresh clone to a running station and a chat over it. Prints little unless something fails.
import { build, install, quietly, requireNode, run } from './lib/process.mjs';

requireNode();
await quietly('installing', install);
await quietly('building', build);
const { ok } = await run(process.execPath, ['apps/demo/dist/main.js', ...process.argv.slice(2)]);
if (!ok) process.exitCode = 1;
