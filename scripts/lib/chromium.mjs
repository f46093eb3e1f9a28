import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { root } from './process.mjs';

/**
 * Flags for every start. No sandbox: tests run as root in containers, with this repository's code only. Host names other than
 * the machine's own do not resolve, so that a page under test connects to nothing outside.
 */
export const chromiumArgs = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1',
];

const installed = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/opt/google/chrome/chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** Path of an installed Chromium; undefined if there is none. */
export function installedChromium() {
  return installed.find((path) => existsSync(path));
}

/**
 * Finds a Chromium that starts: $CHROMIUM_PATH, an installed one, or the one in an npm package.
 *
 * @returns {Promise<{ path?: string, problems: string[] }>} no path: none starts, for these reasons
 */
export async function findChromium() {
  const problems = [];
  const candidates = process.env['CHROMIUM_PATH']
    ? [process.env['CHROMIUM_PATH']]
    : installed.filter((path) => existsSync(path));
  for (const path of candidates) {
    const problem = await tryStart(path);
    if (problem === undefined) return { path, problems };
    problems.push(`${path}: ${problem}`);
  }
  if (process.env['CHROMIUM_PATH']) return { problems };
  try {
    const path = await packagedChromium();
    const problem = await tryStart(path);
    if (problem === undefined) return { path, problems };
    problems.push(`${path}: ${problem}`);
  } catch (error) {
    problems.push(`@sparticuz/chromium: ${firstLine(error)}`);
  }
  return { problems };
}

/** Unpacks the Linux binary of @sparticuz/chromium and returns its path. */
export async function packagedChromium() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('it has a binary for Linux on x64 only');
  }
  // Into a folder of this repository: any user could put a program of that name into the shared temporary folder.
  const folder = `${root}node_modules/.cache/chromium`;
  const marker = `${folder}/complete`;
  if (!existsSync(marker)) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const temporary = process.env['TMPDIR'];
  process.env['TMPDIR'] = folder;
  try {
    const { default: chromium } = await import('@sparticuz/chromium');
    const path = await chromium.executablePath();
    mkdirSync(marker, { recursive: true });
    return path;
  } finally {
    if (temporary === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = temporary;
  }
}

/**
 * Starts a browser and closes it again.
 *
 * @param {string} executablePath
 * @returns {Promise<string | undefined>} why it does not start; undefined when it does
 */
async function tryStart(executablePath) {
  try {
    const { chromium } = await import('playwright');
    const browser = await chromium.launch({ executablePath, args: chromiumArgs, timeout: 30_000 });
    try {
      const page = await browser.newPage();
      await page.evaluate('1 + 1');
    } finally {
      await browser.close();
    }
    return undefined;
  } catch (error) {
    return firstLine(error);
  }
}

/** @param {unknown} error */
function firstLine(error) {
  return String(error).split('\n', 1)[0] ?? '';
}
