// One chat over a real station in every browser that is named (all by default): chromium (an installed one), packaged
// (the Chromium of an npm package), firefox and webkit. The built packages are what is run. Needs no driver of browsers:
// a page does it by itself, and tells us how it went.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { chromiumArgs, installedChromium, packagedChromium } from './lib/chromium.mjs';
import { root, summary } from './lib/process.mjs';

/** Milliseconds for a browser to start, and to chat. */
const PATIENCE = 180_000;

const work = mkdtempSync(join(tmpdir(), 'dimp-browsers-'));
/** Everything that was started, to be ended by its own number. @type {Set<import('node:child_process').ChildProcess>} */
const started = new Set();

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Record<string, string>} [env]
 */
function start(command, args, env = {}) {
  const child = spawn(command, args, {
    // A group of its own, with the processes that a browser starts.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HOME: work, ...env },
  });
  started.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  child.on('error', (error) => {
    output += String(error);
  });
  return { child, output: () => output };
}

/** @param {import('node:child_process').ChildProcess} child */
function end(child) {
  started.delete(child);
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** @type {Record<string, (url: string, profile: string) => Promise<{ command: string, args: string[], env?: Record<string, string> }>>} */
const BROWSERS = {
  chromium: async (url, profile) => ({
    command: installedChromium() ?? 'chromium',
    args: [...chromiumArgs, '--remote-debugging-port=0', `--user-data-dir=${profile}`, url],
  }),
  packaged: async (url, profile) => ({
    command: await packagedChromium(),
    args: [...chromiumArgs, '--remote-debugging-port=0', `--user-data-dir=${profile}`, url],
  }),
  firefox: async (url, profile) => ({
    command: 'firefox-esr',
    args: ['--headless', '--no-remote', '--profile', profile, url],
  }),
  webkit: async (url) => ({
    command: miniBrowser(),
    args: [url],
    // Its sandbox does not start for root, as tests in containers are.
    env: { DISPLAY: await display(), WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' },
  }),
};

/** WebKitGTK's browser for tests, which Debian keeps out of the path. */
function miniBrowser() {
  for (const libraries of readdirSync('/usr/lib')) {
    const path = `/usr/lib/${libraries}/webkit2gtk-4.1/MiniBrowser`;
    if (existsSync(path)) return path;
  }
  throw new Error('there is no MiniBrowser of WebKitGTK: install webkit2gtk-driver');
}

/** Starts a screen that nobody sees. @returns {Promise<string>} its name */
function display() {
  const { child, output } = start('Xvfb', ['-displayfd', '1', '-screen', '0', '800x600x24']);
  return new Promise((resolve, reject) => {
    child.once('close', () => reject(new Error(`Xvfb ended: ${output()}`)));
    child.stdout.on('data', () => {
      const number = /^(\d+)\n/.exec(output())?.[1];
      if (number !== undefined) resolve(`:${number}`);
    });
  });
}

/** Starts a station on a free port. @returns {Promise<number>} its port */
async function station() {
  const port = await new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
    });
  });
  const program = join(root, 'apps/station/dist/main.js');
  const args = ['--data', join(work, 'station'), '--host', '127.0.0.1', '--port', String(port)];
  const { child, output } = start(process.execPath, [program, ...args]);
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
  const before = new Set(started);
  const found = BROWSERS[name];
  if (found === undefined) throw new Error(`there is no browser ${name}`);
  const timer = setTimeout(
    () => report({ ok: false, text: 'nothing was heard in time' }),
    PATIENCE,
  );
  try {
    const { command, args, env } = await found(url, mkdtempSync(join(work, `${name}-`)));
    const { child, output } = start(command, args, env);
    child.once('close', () => report({ ok: false, text: `the browser ended: ${output()}` }));
    return await outcome;
  } catch (error) {
    return { ok: false, text: String(error) };
  } finally {
    clearTimeout(timer);
    for (const child of started) if (!before.has(child)) end(child);
    server.closeAllConnections();
    server.close();
  }
}

const wanted = process.argv.slice(2);
const names = wanted.length > 0 ? wanted : Object.keys(BROWSERS);
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
    // What users get: the built files, and what a browser gets of them.
    conditions: ['browser', 'import', 'default'],
    logLevel: 'error',
  });
  const port = await station();
  for (const name of names) {
    if (!Object.hasOwn(BROWSERS, name)) throw new Error(`there is no browser ${name}`);
    const { ok, text } = await chatIn(name, outputFiles[0]?.text ?? '', port);
    console.log(`${ok ? 'ok' : 'FAILED'}  ${name}: ${text}`);
    if (ok) passed += 1;
    else failed += 1;
  }
} finally {
  for (const child of started) end(child);
  rmSync(work, { recursive: true, force: true, maxRetries: 5 });
}
summary(passed, failed);
