import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Reports to the load program that the server is ready, and collects garbage on request.
 *
 * @param stop - called before the program ends
 */
export function serve(ready: object, stop: () => Promise<void> = async () => {}): void {
  const end = () => void stop().finally(() => process.exit(0));
  process.on('message', () => void settle());
  process.once('SIGTERM', end);
  // The load program has ended.
  process.once('disconnect', end);
  process.send?.(ready);
}

async function settle(): Promise<void> {
  for (let round = 0; round < 4; round++) {
    globalThis.gc?.();
    await sleep(50);
  }
  const { heapUsed, external } = process.memoryUsage();
  process.send?.({ bytes: heapUsed + external });
}
