import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { vectorFiles } from './vector-files.ts';

// Those of `groups` are run by the tests of `@dimp/groups`.
test('every file in the folder of the vectors is run', () => {
  const folder = join(import.meta.dirname, '../../../vectors');
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.json'))
    .filter((path) => path !== 'accounts.json' && path !== 'vectors.schema.json')
    .filter((path) => !path.startsWith('groups/'));
  expect([...vectorFiles.keys()].sort()).toEqual(found.sort());
});
