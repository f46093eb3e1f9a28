import { beforeAll, expect, inject, test } from 'vitest';
import { endProcesses } from './endings.ts';
import { newFolder } from './folders.ts';
import { buildPrograms } from './programs.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Whether to repeat as often as CI does: with DIM_THOROUGH=1. */
    thorough: boolean;
  }
}

beforeAll(buildPrograms);

/** Processes that end. */
const COUNT = inject('thorough') ? 20 : 6;

test.each(['exit', 'throw'] as const)(
  'processes that end by %s during their writes all end, and acknowledged writes are stored',
  async (ending) => {
    const report = await endProcesses(await newFolder(), ending, COUNT);
    expect(report).toEqual({ ended: COUNT, acknowledged: report.acknowledged, lost: 0 });
    // Nothing was proven if they ended before they wrote.
    expect(report.acknowledged).toBeGreaterThan(COUNT);
  },
  300_000,
);
