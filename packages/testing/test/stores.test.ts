import { MAX_STORE_KEY_BYTES, MAX_STORE_KEY_PARTS, subStore } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { storeCompliance } from '@dimp/testing/compliance';
import { describe, test } from 'vitest';

describe('the memory store', () => storeCompliance(test, { open: () => memoryStore() }));

describe('a part of a store', () => {
  // The path of the part is `accounts`, an account's name, each with one more.
  const taken = 'accounts '.length + 'work '.length;
  storeCompliance(test, {
    open: () => subStore(subStore(memoryStore(), ['accounts']), ['work']),
    maxKeyBytes: MAX_STORE_KEY_BYTES - taken,
    maxKeyParts: MAX_STORE_KEY_PARTS - 2,
  });
});
