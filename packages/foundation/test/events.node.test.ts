import { expect, test, vi } from 'vitest';
import { Events } from '../src/index.ts';

/** Turns of the event loop: an unhandled rejection would be reported after one. */
async function turns(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('a listener that throws, at once or later, ends no process: it is shown, and the others hear', async () => {
  // The test runner takes them for failures of the whole run.
  const runners = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  const rejected: unknown[] = [];
  process.on('unhandledRejection', (error) => rejected.push(error));
  const shown = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  try {
    const events = new Events<{ saved: number }>({ saved: true });
    const heard: number[] = [];
    const [now, later] = [new Error('at once'), new Error('later')];
    events.on('saved', () => {
      throw now;
    });
    events.on('saved', async () => {
      throw later;
    });
    events.on('saved', (event) => heard.push(event));
    events.emit('saved', 1);
    await turns();
    expect(heard).toEqual([1]);
    expect(rejected).toEqual([]);
    expect(shown.mock.calls).toEqual([
      ['a listener of "saved" has failed:', now],
      ['a listener of "saved" has failed:', later],
    ]);
  } finally {
    shown.mockRestore();
    process.removeAllListeners('unhandledRejection');
    for (const runner of runners) process.on('unhandledRejection', runner);
  }
});
