import { MAX_STORE_KEY_BYTES, MAX_STORE_KEY_PARTS, subStore } from '@dimp/core';
import { indexedDbStore } from '@dimp/store-indexeddb';
import { storeCompliance } from '@dimp/testing/compliance';
import { describe, test } from 'vitest';

describe('the IndexedDB store', () =>
  storeCompliance(test, {
    durable: true,
    shared: true,
    open: (name) => indexedDbStore({ name }),
    numRuns: 20,
  }));

describe('a part of an IndexedDB store', () =>
  storeCompliance(test, {
    durable: true,
    shared: true,
    open: async (name) => {
      const store = await indexedDbStore({ name });
      const part = subStore(store, ['part']);
      // A part does not close what it is a part of, but the next test wants to begin with none open.
      const close = part.close.bind(part);
      part.close = async () => {
        await close();
        await store.close();
      };
      return part;
    },
    maxKeyBytes: MAX_STORE_KEY_BYTES - 'part '.length,
    maxKeyParts: MAX_STORE_KEY_PARTS - 1,
    numRuns: 10,
  }));
