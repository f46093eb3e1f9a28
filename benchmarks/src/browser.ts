import { catchUp } from './catch-up.ts';
import { messenger } from './messenger.ts';
import { browserPrimitives } from './primitives.browser.ts';
import { search } from './search/search.ts';
import { browserStores } from './stores.browser.ts';
import { benchOf, lineOf, type RunOptions } from './suite.ts';
import { suites } from './suites.ts';

/** Settings that the program outside the page puts into it. */
interface Page {
  reportLine(line: string): Promise<void>;
  runBenchmarks?: (options: RunOptions) => Promise<void>;
}

const page = globalThis as unknown as Page;

page.runBenchmarks = async (options) => {
  const lines: Promise<void>[] = [];
  const bench = benchOf(options, (result) => {
    lines.push(page.reportLine(lineOf(result, browserPrimitives.runtime)));
  });
  for (const suite of [...suites, messenger(browserStores)]) await suite(bench, browserPrimitives);
  await catchUp(browserStores, {
    wants: (name) => name.startsWith(options.filter),
    report: (line) => {
      lines.push(page.reportLine(JSON.stringify({ ...line, runtime: browserPrimitives.runtime })));
    },
  });
  await search({
    stores: browserStores,
    report: (line) =>
      lines.push(page.reportLine(JSON.stringify({ ...line, runtime: browserPrimitives.runtime }))),
    wants: bench.wants,
    memory: () => undefined,
    filter: options.filter,
  });
  await Promise.all(lines);
};
