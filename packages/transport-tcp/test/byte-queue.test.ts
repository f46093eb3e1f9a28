import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteQueue } from '../src/mtp/byte-queue.ts';

test('returns the bytes that were appended, in order, for any sizes', () => {
  const steps = fc.array(
    fc.record({
      put: fc.integer({ min: 0, max: 90_000 }),
      take: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  );
  fc.assert(
    fc.property(steps, (list) => {
      const queue = new ByteQueue();
      let written = 0;
      let read = 0;
      for (const { put, take } of list) {
        queue.append(Uint8Array.from({ length: put }, (_, i) => (written + i) % 251));
        written += put;
        const count = Math.floor(queue.length * take);
        const view = queue.view();
        expect(view.length).toBe(written - read);
        expect(view.every((byte, i) => byte === (read + i) % 251)).toBe(true);
        queue.discard(count);
        read += count;
      }
      expect(queue.length).toBe(written - read);
    }),
    { numRuns: 40 },
  );
});

test('releases a large buffer when few bytes are left in it', () => {
  const queue = new ByteQueue();
  queue.append(new Uint8Array(1024 * 1024));
  queue.discard(1024 * 1024 - 3);
  expect(queue.view().buffer.byteLength).toBe(3);
});

test('is empty after clear', () => {
  const queue = new ByteQueue();
  queue.append(Uint8Array.of(1, 2, 3));
  queue.clear();
  expect([queue.length, queue.view().buffer.byteLength]).toEqual([0, 0]);
});
