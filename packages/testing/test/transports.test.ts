import { type MemoryTransport, memoryTransportPair } from '@dimp/core/memory';
import { transportCompliance } from '@dimp/testing/compliance';
import { describe, test } from 'vitest';

describe.each([false, true])('in memory, with acknowledgements: %s', (acknowledges) => {
  let pair: readonly [MemoryTransport, MemoryTransport];
  transportCompliance(test, {
    open: async ({ maxPayloadBytes }) => {
      pair = memoryTransportPair({ maxPayloadBytes, acknowledges });
      return pair;
    },
    lose: (end) => pair[end === 'left' ? 0 : 1].lose(),
    acknowledged: acknowledges ? ['left', 'right'] : [],
    signals: false,
  });
});
