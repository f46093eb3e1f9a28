import * as client from '@dimp/client';
import * as backup from '@dimp/client/backup';
import * as files from '@dimp/client/files';
import * as session from '@dimp/client/session';
import * as dialects from '@dimp/core/dialects';
import * as memory from '@dimp/core/memory';
import * as commands from '@dimp/extensions/commands';
import * as contents from '@dimp/extensions/contents';
import * as groups from '@dimp/extensions/groups';
import { expect, test } from 'vitest';
import * as dimp from '../src/index.ts';

const PARTS = { client, backup, files, session, memory, commands, contents, groups };

test.each(Object.entries(PARTS))('everything that %s exports is in the package', (_name, part) => {
  for (const [name, value] of Object.entries(part)) {
    expect((dimp as Record<string, unknown>)[name], name).toBe(value);
  }
});

test('the three dialects are in the package', () => {
  const { deployed, next, seed } = dialects;
  expect(dimp).toMatchObject({ deployed, next, seed });
});
