import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { FragmentAssembler } from '../src/mtp.ts';
import { fragment } from './helpers.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes of this thread's heap, and of the memory that it holds beside it. */
function memory(): number {
  for (let times = 0; times < 3; times++) collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const CONNECTIONS = 256;

test.each([1, 400])(
  'unfinished fragments of %i bytes over 256 connections take no more memory than is accounted for, times 1.3',
  (length) => {
    const before = memory();
    const assemblers = Array.from(
      { length: CONNECTIONS },
      () => new FragmentAssembler({ clock: () => 0, maxWaitingBytes: 128 * 1024 }),
    );
    for (const assembler of assemblers) {
      // As much as fits: the oldest set goes for the newest, as it does for a peer that sends on and on.
      for (let id = 1; id < 13; id++) {
        for (let index = 0; index < 180; index++) {
          assembler.add(fragment(id, 8192, index, new Uint8Array(length)));
        }
      }
      // Finished ids are held, too.
      for (let id = 50; id < 250; id++) assembler.add(fragment(id, 1, 0, new Uint8Array(1)));
    }
    const used = memory() - before;
    const accounted = assemblers.reduce((sum, { heldBytes }) => sum + heldBytes, 0);
    expect(accounted).toBeGreaterThan(CONNECTIONS * 64 * 1024);
    expect(used).toBeLessThan(accounted * 1.3);
  },
);
