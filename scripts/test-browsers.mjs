// One chat over a real station in each named browser, all by default: chromium (installed), packaged (the Chromium of an npm
// package), firefox and webkit. Runs the built packages. Needs no browser driver: the page chats and reports by itself.
import { createServer } from 'node:http';
import { join } from 'node:path';
import { build } from 'esbuild';
import { browserNames, Programs } from './lib/browsers.mjs';
import { root, summary } from './lib/process.mjs';

/** How long a browser may take to start and chat, in milliseconds. */
const PATIENCE = 180_000;

/** Starts a station on a free port. @param {Programs} programs @returns {Promise<number>} its port */
async function station(programs) {
  const port = await new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
    });
  });
  const program = join(root, 'apps/station/dist/main.js');
  const args = [
    '--data',
    join(programs.folder, 'station'),
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
  ];
  const { child, output } = programs.start(process.execPath, [program, ...args]);
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.ok) return port;
    if (child.exitCode !== null) throw new Error(`the station ended: ${output()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * @param {string} name
 * @param {string} page
 * @param {number} port of the station
 * @returns {Promise<{ ok: boolean, text: string }>}
 */
async function chatIn(name, page, port) {
  /** @type {(outcome: { ok: boolean, text: string }) => void} */
  let report = () => {};
  /** @type {Promise<{ ok: boolean, text: string }>} */
  const outcome = new Promise((resolve) => {
    report = resolve;
  });
  const server = createServer((request, response) => {
    if (request.method === 'POST') {
      let body = '';
      request.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      request.on('end', () => {
        response.end();
        report(JSON.parse(body));
      });
    } else if (request.url?.startsWith('/page.js')) {
      response.setHeader('Content-Type', 'text/javascript').end(page);
    } else {
      response.setHeader('Content-Type', 'text/html');
      response.end(
        '<!doctype html><title>chat</title><script type="module" src="/page.js"></script>',
      );
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = server.address();
  const own = typeof address === 'object' ? address?.port : undefined;
  const url = `http://127.0.0.1:${own}/?station=${port}`;
  const programs = new Programs();
  const timer = setTimeout(
    () => report({ ok: false, text: 'the page did not report in time' }),
    PATIENCE,
  );
  try {
    const { child, output } = await programs.open(name, url);
    child.once('close', () => report({ ok: false, text: `the browser ended: ${output()}` }));
    return await outcome;
  } catch (error) {
    return { ok: false, text: String(error) };
  } finally {
    clearTimeout(timer);
    programs.end();
    server.closeAllConnections();
    server.close();
  }
}

const wanted = process.argv.slice(2);
const names = wanted.length > 0 ? wanted : browserNames;
const programs = new Programs();
let passed = 0;
let failed = 0;
try {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'packages/station/test/chat-page.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    // The built files, as a user's browser gets them.
    conditions: ['browser', 'import', 'default'],
    logLevel: 'error',
  });
  const port = await station(programs);
  for (const name of names) {
    const { ok, text } = await chatIn(name, outputFiles[0]?.text ?? '', port);
    console.log(`${ok ? 'ok' : 'FAILED'}  ${name}: ${text}`);
    if (ok) passed += 1;
    else failed += 1;
  }
} finally {
  programs.end();
}
summary(passed, failed);
