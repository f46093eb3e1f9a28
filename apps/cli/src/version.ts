import { readFileSync } from 'node:fs';

/** Version of the program, from `package.json` one folder above this file. */
export function programVersion(): string {
  const file = new URL('../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  return version;
}
