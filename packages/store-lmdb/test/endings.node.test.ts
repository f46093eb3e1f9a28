import { beforeAll, expect, test } from 'vitest';
import { endProcesses } from './endings.ts';
import { newFolder } from './folders.ts';
import { buildPrograms } from './programs.ts';

beforeAll(buildPrograms);

test.each(['exit', 'throw'] as const)(
  '20 processes that end by %s in the middle of their writes all end, and what was acknowledged is there',
  async (ending) => {
    const report = await endProcesses(await newFolder(), ending, 20);
    expect(report).toEqual({ ended: 20, acknowledged: report.acknowledged, lost: 0 });
    // Nothing was proven if they ended before they wrote.
    expect(report.acknowledged).toBeGreaterThan(20);
  },
  300_000,
);
