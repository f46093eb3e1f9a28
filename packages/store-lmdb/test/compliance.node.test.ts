import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lmdbStore } from '@dimp/store-lmdb';
import { storeCompliance } from '@dimp/testing/compliance';
import { afterAll, describe, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'store-lmdb-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the LMDB store', () =>
  storeCompliance(test, {
    durable: true,
    open: (name) => lmdbStore({ path: join(folder, name) }),
    numRuns: 30,
  }));
