import { readdirSync, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleProgram } from '@dimp/fixtures/program';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Bundles a program from its sources. The files of one test run share the bundle: it is named by the process of the run and
 * by the time of the last change to a source.
 *
 * @param source - path in the repository, such as `apps/cli/src/main.ts`
 * @param folder - where the bundle goes; `package.json` of a program is one folder above
 * @returns path of the bundle
 */
export async function bundleOnce(source: string, folder: string): Promise<string> {
  const into = join(ROOT, folder);
  const prefix = `test-${basename(source).replace(/\..*$/, '')}-`;
  const file = join(into, `${prefix}${process.ppid}-${lastChange()}.mjs`);
  const name = basename(file);
  const present = readdirSync(into).filter((each) => each.startsWith(prefix));
  for (const each of present) {
    const pid = Number(each.slice(prefix.length).split('-')[0]);
    if (each !== name && !isRunning(pid)) await rm(join(into, each), { force: true });
  }
  if (present.includes(name)) return file;
  // Test files run in several processes: each writes a file of its own, and the last one renamed is as good as the first.
  const partial = `${file}.${process.pid}`;
  await bundleProgram(join(ROOT, source), partial);
  await rename(partial, file);
  return file;
}

/** Time of the last change to a source of this repository, in milliseconds. */
function lastChange(): number {
  let last = 0;
  const look = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) look(path);
      else last = Math.max(last, statSync(path).mtimeMs);
    }
  };
  for (const parent of ['apps', 'packages']) {
    for (const name of readdirSync(join(ROOT, parent))) look(join(ROOT, parent, name, 'src'));
  }
  return Math.round(last);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
