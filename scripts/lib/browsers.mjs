// Starts browsers at an address without a driver; the page reports by itself. Each browser has its own profile, and its own
// process group, by whose number it is stopped.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromiumArgs, installedChromium, packagedChromium } from './chromium.mjs';

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */
/** @typedef {{ command: string, args: string[], env?: Record<string, string> }} Program */

/** Firefox asks no questions, shows no first page, and connects to nothing outside of this machine. */
const FIREFOX_PREFERENCES = {
  'app.normandy.enabled': false,
  'app.update.disabledForTesting': true,
  'browser.safebrowsing.downloads.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.systemAddon.update.enabled': false,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'http://127.0.0.1:9/',
  'toolkit.telemetry.enabled': false,
};

/** Programs that were started together, and a folder for what they keep. */
export class Programs {
  /** Folder for profiles and data; goes with the programs. */
  folder = mkdtempSync(join(tmpdir(), 'dimp-browsers-'));
  /** @type {Set<ChildProcess>} */
  #started = new Set();

  constructor() {
    // Also if this process ends early, as on a timeout.
    process.once('exit', () => this.end());
  }

  /**
   * @param {string} command
   * @param {readonly string[]} args
   * @param {Record<string, string>} [env]
   */
  start(command, args, env = {}) {
    const child = spawn(command, args, {
      // A separate process group, together with the processes that a browser starts.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, HOME: this.folder, ...env },
    });
    this.#started.add(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        // The last output says why it ended.
        output = (output + text).slice(-10_000);
      });
    }
    child.on('error', (error) => {
      output += String(error);
    });
    return { child, output: () => output };
  }

  /**
   * Starts a browser at an address.
   *
   * @param {string} name one of {@link browserNames}
   * @param {string} url
   */
  async open(name, url) {
    const program = Object.hasOwn(BROWSERS, name) ? BROWSERS[name] : undefined;
    if (program === undefined)
      throw new Error(`the browser must be one of ${browserNames.join(', ')}, not ${name}`);
    const profile = mkdtempSync(join(this.folder, `${name}-`));
    const { command, args, env } = await program(url, profile, () => this.#display());
    return this.start(command, args, env);
  }

  /** Ends all programs, and removes the folder. */
  end() {
    for (const { pid } of this.#started) {
      if (pid === undefined) continue;
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // It has already ended.
      }
    }
    this.#started.clear();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Starts an invisible screen. @returns {Promise<string>} its name */
  #display() {
    const { child, output } = this.start('Xvfb', ['-displayfd', '1', '-screen', '0', '800x600x24']);
    return new Promise((resolve, reject) => {
      child.once('close', () => reject(new Error(`Xvfb ended: ${output()}`)));
      child.stdout.on('data', () => {
        const number = /^(\d+)\n/m.exec(output())?.[1];
        if (number !== undefined) resolve(`:${number}`);
      });
    });
  }
}

/** @type {Record<string, (url: string, profile: string, display: () => Promise<string>) => Promise<Program>>} */
const BROWSERS = {
  chromium: async (url, profile) => chromium(installedChromium() ?? 'chromium', url, profile),
  packaged: async (url, profile) => chromium(await packagedChromium(), url, profile),
  firefox: async (url, profile) => {
    const lines = Object.entries(FIREFOX_PREFERENCES).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
    );
    writeFileSync(join(profile, 'user.js'), lines.join(''));
    return {
      command: 'firefox-esr',
      args: ['--headless', '--no-remote', '--profile', profile, url],
    };
  },
  webkit: async (url, profile, display) => {
    const runtime = join(profile, 'runtime');
    mkdirSync(runtime, { mode: 0o700 });
    return {
      command: miniBrowser(),
      args: [url],
      env: {
        HOME: profile,
        XDG_RUNTIME_DIR: runtime,
        DISPLAY: await display(),
        // Its sandbox does not start for root, and tests in containers run as root.
        WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
      },
    };
  },
};

/** chromium is the installed one, packaged that of an npm package, webkit the MiniBrowser of WebKitGTK. */
export const browserNames = Object.keys(BROWSERS);

/** @param {string} command @param {string} url @param {string} profile @returns {Program} */
function chromium(command, url, profile) {
  const args = ['--remote-debugging-port=0', `--user-data-dir=${profile}`, url];
  return { command, args: [...chromiumArgs, ...args] };
}

/** WebKitGTK's browser for tests, which Debian keeps out of the path. */
function miniBrowser() {
  for (const libraries of readdirSync('/usr/lib')) {
    const path = `/usr/lib/${libraries}/webkit2gtk-4.1/MiniBrowser`;
    if (existsSync(path)) return path;
  }
  throw new Error('MiniBrowser of WebKitGTK is missing: install webkit2gtk-driver');
}
