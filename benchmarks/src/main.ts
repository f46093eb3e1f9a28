import { parseArgs } from 'node:util';
import { catchUp } from './catch-up.ts';
import { HOSTILE_BUDGET_MS, hostile } from './hostile.ts';
import { memory } from './memory.ts';
import { messenger } from './messenger.ts';
import { nodePrimitives } from './primitives.node.ts';
import { search } from './search/search.ts';
import { nodeStores } from './stores.node.ts';
import { benchOf, lineOf } from './suite.ts';
import { suites } from './suites.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { samples: { type: 'string' }, batch: { type: 'string' } },
});
const options = {
  filter: positionals[0] ?? '',
  samples: Number(values.samples ?? 15),
  batch: Number(values.batch ?? 20),
};
const bench = benchOf(options, (result) => console.log(lineOf(result, nodePrimitives.runtime)));
for (const suite of [...suites, messenger(nodeStores)]) await suite(bench, nodePrimitives);
await catchUp(nodeStores, {
  wants: (name) => name.startsWith(options.filter),
  report: (line) => console.log(JSON.stringify({ ...line, runtime: nodePrimitives.runtime })),
});
await search({
  stores: nodeStores,
  report: (line) => console.log(JSON.stringify({ ...line, runtime: nodePrimitives.runtime })),
  wants: bench.wants,
  memory: () => process.memoryUsage().heapUsed + process.memoryUsage().external,
  filter: options.filter,
});
if (bench.wants('memory')) await memory((line) => console.log(JSON.stringify(line)));

const slow: string[] = [];
await hostile(
  (name, milliseconds) => {
    console.log(JSON.stringify({ name, milliseconds: Number(milliseconds.toPrecision(3)) }));
    // Far above the budget, because the machine may have other work; below that a reader has to judge.
    if (milliseconds > HOSTILE_BUDGET_MS * 4) slow.push(name);
  },
  (name) => name.startsWith(options.filter),
);
if (slow.length > 0) {
  console.error(`far above ${HOSTILE_BUDGET_MS} ms: ${slow.join(', ')}`);
  process.exitCode = 1;
}
