import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runProgram } from '../../apps/station/src/program.ts';

/** The checked members of a `package.json`. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly bin?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

function manifestIn(folder: string): Manifest {
  return JSON.parse(readFileSync(`${ROOT}${folder}/package.json`, 'utf8')) as Manifest;
}

const ours = new Map(
  ['packages', 'apps'].flatMap((parent) =>
    readdirSync(`${ROOT}${parent}`)
      .map((name) => manifestIn(`${parent}/${name}`))
      .map((manifest) => [manifest.name, manifest] as const),
  ),
);

test.each([
  ['apps/cli', 'dim'],
  ['apps/station', 'dim-station'],
])('%s can be installed as the program %s', (folder, program) => {
  const manifest = manifestIn(folder);
  expect(manifest.private).toBeUndefined();
  expect(manifest.bin).toEqual({ [program]: './dist/main.js' });
  expect(manifest.files).toContain('dist');
  expect(readFileSync(`${ROOT}${folder}/src/main.ts`, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  // All dependencies of ours can be installed, too.
  const seen = new Set<string>();
  const look = ({ dependencies = {} }: Manifest): void => {
    for (const name of Object.keys(dependencies)) {
      const dependency = ours.get(name);
      if (dependency === undefined || seen.has(name)) continue;
      seen.add(name);
      expect(dependency.private, name).toBeUndefined();
      look(dependency);
    }
  };
  look(manifest);
  expect(seen.size).toBeGreaterThan(8);
});

test('dim-station --version prints the version of its package', async () => {
  let said = '';
  const stdout = {
    write: (text: string) => {
      said += text;
    },
  };
  const status = await runProgram(['--version'], { stdout, stderr: stdout, env: {}, folder: ROOT });
  expect([status, said]).toEqual([0, `${manifestIn('apps/station').version}\n`]);
});
