import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encryptedStore } from '@dimp/store-encrypted';
import { lmdbStore } from '@dimp/store-lmdb';
import { storeCompliance } from '@dimp/testing/compliance';
import { afterAll, describe, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'encrypted-lmdb-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const key = new Uint8Array(32).fill(1);

describe('an encrypted LMDB store', () =>
  storeCompliance(test, {
    durable: true,
    open: async (name) => encryptedStore(await lmdbStore({ path: join(folder, name) }), { key }),
    numRuns: 10,
  }));
