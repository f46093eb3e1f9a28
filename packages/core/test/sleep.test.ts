import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { sleep, systemTimers } from '../src/index.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('waits for the time', async () => {
  const slept = sleep(1000, systemTimers);
  await vi.advanceTimersByTimeAsync(1000);
  await expect(slept).resolves.toBeUndefined();
});

test('throws the reason of the signal, and leaves no timer behind', async () => {
  const stop = new AbortController();
  const slept = sleep(1000, systemTimers, stop.signal);
  stop.abort(new Error('stopped'));
  await expect(slept).rejects.toThrow('stopped');
  await expect(sleep(1000, systemTimers, stop.signal)).rejects.toThrow('stopped');
  expect(vi.getTimerCount()).toBe(0);
});
