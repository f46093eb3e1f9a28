import { expect, test } from 'vitest';
import { Events } from '../src/index.ts';

test('a listener that throws keeps nobody from hearing, and its error becomes an unhandled rejection', async () => {
  // The test runner takes them for failures of the whole run.
  const runners = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  const rejected: unknown[] = [];
  process.on('unhandledRejection', (error) => rejected.push(error));
  try {
    const events = new Events<{ saved: number }>();
    const heard: number[] = [];
    const error = new Error('from a listener');
    events.on('saved', () => {
      throw error;
    });
    events.on('saved', (event) => heard.push(event));
    events.emit('saved', 1);
    events.emit('saved', 2);
    expect(heard).toEqual([1, 2]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(rejected).toEqual([error, error]);
  } finally {
    process.removeAllListeners('unhandledRejection');
    for (const runner of runners) process.on('unhandledRejection', runner);
  }
});
