import type { Timers } from '@dimp/core';
import { definedOnly, disposeSymbol } from '@dimp/foundation';
import type { Live } from '../live/live.ts';
import { LiveValue } from '../live/live-value.ts';
import type { StorageState } from './dim-client.ts';

/** How often the storage is measured while somebody looks. */
const MEASURE_MS = 60_000;

/** Makes the live state of the storage. @param measure - by default that of the platform */
export function storageLive(
  measure: () => Promise<StorageState> = measurePlatform,
  timers: Timers,
): Live<StorageState> {
  return new LiveValue<StorageState>({
    load: measure,
    watch: (changed) => {
      let timer = timers.after(MEASURE_MS, again);
      function again(): void {
        timer = timers.after(MEASURE_MS, again);
        changed();
      }
      return () => timer[disposeSymbol]();
    },
    timers,
  });
}

/** What browsers tell; nothing elsewhere. */
async function measurePlatform(): Promise<StorageState> {
  const { storage } =
    (globalThis as { readonly navigator?: Partial<WorkerNavigator> }).navigator ?? {};
  const { usage, quota } = (await storage?.estimate?.()) ?? {};
  const persisted = await storage?.persisted?.();
  return definedOnly({ used: usage, quota, persisted });
}
