import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Name of this package: its `package.json` stands in the folder of the program or above it. */
const PACKAGE = '@dimp/station-app';

/** Version of the program, as its package says. */
export function versionOf(module: string = import.meta.url): string {
  for (let folder = dirname(fileURLToPath(module)); ; folder = dirname(folder)) {
    const found = readPackage(join(folder, 'package.json'));
    if (found?.name === PACKAGE && typeof found.version === 'string') return found.version;
    if (folder === dirname(folder)) return 'unknown';
  }
}

function readPackage(
  path: string,
): { readonly name?: unknown; readonly version?: unknown } | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
