import { describe, expect, test, vi } from 'vitest';
import { deferred, raceAbort } from '../src/index.ts';

test('a deferred promise is settled from outside', async () => {
  const one = deferred<number>();
  one.resolve(1);
  await expect(one.promise).resolves.toBe(1);
  const other = deferred();
  other.reject(new Error('no'));
  await expect(other.promise).rejects.toThrow('no');
});

describe('raceAbort', () => {
  test('yields what the promise yields and removes its listener', async () => {
    const { signal } = new AbortController();
    const remove = vi.spyOn(signal, 'removeEventListener');
    await expect(raceAbort(Promise.resolve(1), signal)).resolves.toBe(1);
    await expect(raceAbort(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
    expect(remove).toHaveBeenCalledTimes(2);
    await expect(raceAbort(Promise.resolve(1), undefined)).resolves.toBe(1);
  });

  test('throws the reason of the signal; a later rejection is ignored', async () => {
    const stop = new AbortController();
    const work = deferred();
    const raced = raceAbort(work.promise, stop.signal);
    stop.abort(new Error('stopped'));
    await expect(raced).rejects.toThrow('stopped');
    work.reject(new Error('too late'));
    const late = raceAbort(Promise.reject(new Error('too late')), stop.signal);
    await expect(late).rejects.toThrow('stopped');
  });
});
