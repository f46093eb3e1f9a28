import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { vectorFiles } from './vector-files.ts';

test('every file in the folder of the vectors is run', () => {
  const folder = join(import.meta.dirname, '../../../vectors');
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.json'))
    .filter((path) => path !== 'accounts.json' && path !== 'vectors.schema.json');
  expect([...vectorFiles.keys()].sort()).toEqual(found.sort());
});
