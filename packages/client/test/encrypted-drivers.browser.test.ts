import { encryptedStore } from '@dimp/store-encrypted';
import { indexedDbStore } from '@dimp/store-indexeddb';
import { storeCompliance } from '@dimp/testing/compliance';
import { describe, test } from 'vitest';

const key = new Uint8Array(32).fill(1);

describe('an encrypted IndexedDB store', () =>
  storeCompliance(test, {
    durable: true,
    shared: true,
    open: async (name) => encryptedStore(await indexedDbStore({ name }), { key }),
    numRuns: 10,
  }));
