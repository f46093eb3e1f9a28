// Runs the benchmarks in Node and in Chromium, after the build. Prints one line of JSON for each case.
//   pnpm bench [--node | --browser] [--samples N] [--batch MILLISECONDS] [beginning of the cases' names]
import { parseArgs } from 'node:util';
import { chromiumArgs, findChromium } from './lib/chromium.mjs';
import { root, run } from './lib/process.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    node: { type: 'boolean' },
    browser: { type: 'boolean' },
    samples: { type: 'string', default: '15' },
    batch: { type: 'string', default: '20' },
  },
});
const { samples, batch } = values;
const [filter = ''] = positionals;

if (!values.browser) {
  const args = ['--samples', samples, '--batch', batch, filter];
  const { ok } = await run(process.execPath, [`${root}benchmarks/dist/main.js`, ...args]);
  if (!ok) process.exitCode = 1;
}
if (!values.node) {
  const { path, problems } = await findChromium();
  if (path !== undefined) {
    await inChromium(path);
  } else {
    console.error(`No Chromium starts on this machine: ${problems.join('; ')}`);
    if (values.browser) process.exitCode = 1;
  }
}

/** @param {string} executablePath */
async function inChromium(executablePath) {
  const [{ chromium }, { build }] = await Promise.all([import('playwright'), import('esbuild')]);
  const { outputFiles } = await build({
    entryPoints: [`${root}benchmarks/dist/browser.js`],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'error',
  });
  const browser = await chromium.launch({ executablePath, args: chromiumArgs });
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(error));
    await page.exposeFunction('reportLine', (/** @type {string} */ line) => console.log(line));
    // WebCrypto needs a secure context, which localhost is; nothing listens there.
    await page.route('**/*', (route) =>
      route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>bench</title>' }),
    );
    await page.goto('http://localhost/');
    await page.addScriptTag({ type: 'module', content: outputFiles[0]?.text ?? '' });
    await page.waitForFunction('globalThis.runBenchmarks !== undefined');
    const options = { filter, samples: Number(samples), batch: Number(batch) };
    await page.evaluate(`globalThis.runBenchmarks(${JSON.stringify(options)})`);
  } finally {
    await browser.close();
  }
}
