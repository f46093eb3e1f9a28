import { join } from 'node:path';
import { utf8Decode } from '@dimp/foundation';
import { lmdbStore } from '@dimp/store-lmdb';
import { start } from './programs.ts';

/** How a process ends by itself. */
export type Ending = 'exit' | 'throw';

/** Report about processes that ended during their writes. */
export interface EndingsReport {
  /** Processes that ended by themselves. */
  ended: number;
  /** Writes that were acknowledged. */
  acknowledged: number;
  /** Those of them that are not in the store. */
  lost: number;
}

/** Milliseconds after which a process is taken for one that never ends: it has at most 200 ms to live by itself. */
const PATIENCE = 30_000;

/**
 * Starts processes that end by themselves in the middle of their writes, and looks at what they leave.
 *
 * @param count - processes; every fifth of them ends right after its first write
 */
export async function endProcesses(
  folder: string,
  ending: Ending,
  count: number,
): Promise<EndingsReport> {
  const report: EndingsReport = { ended: 0, acknowledged: 0, lost: 0 };
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) {
      const path = join(folder, `${ending}-${i}`);
      const run = i % 5 === 4 ? ending : `${ending} ${(i * 37) % 200}`;
      const child = start('end', path, { run });
      const late = setTimeout(() => child.process.kill('SIGKILL'), PATIENCE);
      await child.ended;
      clearTimeout(late);
      if (child.process.exitCode === 1) report.ended += 1;
      const store = await lmdbStore({ path });
      for (const name of child.lines) {
        const value = await store.get([name]);
        report.acknowledged += 1;
        if (value === undefined || utf8Decode(value) !== name) report.lost += 1;
      }
      await store.close();
    }
  };
  await Promise.all([worker(), worker()]);
  return report;
}
