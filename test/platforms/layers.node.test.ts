import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkLayers } from '../../scripts/check-layers.mjs';

const LAYERS = [['low'], ['left', 'right'], ['high']];
let top: string;

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'layers-'));
  plant('low', { 'src/index.ts': 'export const low = 1;' });
  plant('left', { 'src/index.ts': "export { low } from '@x/low';" }, { dependencies: ['low'] });
  plant('right', { 'src/index.ts': "export { low } from '@x/low';" }, { dependencies: ['low'] });
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

/** Writes a package into the repository under test. */
function plant(
  name: string,
  files: Readonly<Record<string, string>>,
  declared: { readonly dependencies?: string[]; readonly devDependencies?: string[] } = {},
  imports: object = {},
): void {
  const versions = (names: readonly string[] = []): object =>
    Object.fromEntries(names.map((each) => [`@x/${each}`, 'workspace:^']));
  const manifest = {
    name: `@x/${name}`,
    dependencies: versions(declared.dependencies),
    devDependencies: versions(declared.devDependencies),
    imports,
  };
  const all = { 'package.json': JSON.stringify(manifest), ...files };
  for (const [file, text] of Object.entries(all)) {
    const path = join(top, 'packages', name, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

describe('the check of the layers', () => {
  test('accepts declared imports from lower layers, and any declared import in tests', () => {
    const files = {
      'src/index.ts': "import { low } from '@x/low';\nexport { a } from './a.ts';\nlow;",
      'src/a.ts': 'export const a = 1;',
      'test/a.test.ts': "import '@x/right';\nimport '../src/index.ts';",
    };
    plant('left', files, { dependencies: ['low'], devDependencies: ['right'] });
    expect(checkLayers(top, LAYERS)).toEqual([]);
  });

  test('refuses an import that is a devDependency only', () => {
    plant('high', { 'src/index.ts': "import '@x/left';" }, { devDependencies: ['left'] });
    expect(checkLayers(top, LAYERS)).toEqual([
      'packages/high/src/index.ts: imports @x/left without a dependency',
    ]);
  });

  test('refuses an import that is not declared, in tests as well', () => {
    const files = { 'src/index.ts': "import 'zod';", 'test/a.test.ts': "import '@x/left';" };
    plant('high', files);
    expect(checkLayers(top, LAYERS)).toEqual([
      'packages/high/src/index.ts: imports zod without a dependency',
      'packages/high/test/a.test.ts: imports @x/left without a dependency or devDependency',
    ]);
  });

  test.each([
    ['value', "import { right } from '@x/right';"],
    ['type', "import type { Right } from '@x/right/sub';"],
    ['dynamic', "const right = await import('@x/right');"],
  ])('refuses a %s import that is not from a layer below', (_kind, text) => {
    plant('left', { 'src/index.ts': text }, { dependencies: ['right'] });
    expect(checkLayers(top, LAYERS)).toEqual([
      expect.stringMatching(/^packages\/left\/src\/index\.ts: .* not in a layer below$/),
    ]);
  });

  test('refuses packages that depend on each other, for tests as well', () => {
    plant('low', { 'src/index.ts': '' }, { devDependencies: ['left'] });
    expect(checkLayers(top, LAYERS)).toEqual([
      'packages depend in a circle: @x/left → @x/low → @x/left',
    ]);
  });

  test('refuses a package without a layer', () => {
    plant('new', { 'src/index.ts': '' });
    expect(checkLayers(top, LAYERS)).toEqual([
      'packages/new: stands in no layer of check-layers.mjs',
    ]);
  });

  test('refuses a file outside the package', () => {
    plant('left', { 'src/index.ts': "import '../../low/src/index.ts';" });
    expect(checkLayers(top, LAYERS)).toEqual([
      'packages/left/src/index.ts: ../../low/src/index.ts is outside of the package',
    ]);
  });

  test('refuses a circle of files', () => {
    const files = {
      'src/a.ts': "import type { B } from './b.ts';",
      'src/b.ts': "import './a.ts';",
    };
    plant('low', files);
    expect(checkLayers(top, LAYERS)).toEqual([
      expect.stringContaining('packages/low/src: circle a.ts → b.ts → a.ts'),
    ]);
  });

  test('refuses a circle of folders without a circle of files', () => {
    plant('low', {
      'src/one/a.ts': "import '../two/b.ts';",
      'src/one/c.ts': '',
      'src/two/b.ts': "import '../one/c.ts';",
    });
    expect(checkLayers(top, LAYERS)).toEqual([
      expect.stringContaining('packages/low/src: circle one → two → one'),
    ]);
  });

  test('follows an import whose file the platform chooses', () => {
    const files = {
      'src/a.ts': "import '#native/b';",
      'src/native/b.ts': '',
      'src/native/b.node.ts': "import '../a.ts';",
    };
    const choice = { node: './src/native/b.node.ts', default: './src/native/b.ts' };
    plant('low', files, {}, { '#native/b': { '@x/source': choice } });
    expect(checkLayers(top, LAYERS)).toEqual([
      expect.stringContaining('packages/low/src: circle a.ts → native → a.ts'),
    ]);
  });
});
