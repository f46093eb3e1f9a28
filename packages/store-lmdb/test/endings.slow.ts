import { beforeAll, expect, test } from 'vitest';
import { endProcesses } from './endings.ts';
import { newFolder } from './folders.ts';
import { buildPrograms } from './programs.ts';

beforeAll(buildPrograms);

test.each(['exit', 'throw'] as const)(
  '200 processes that end by %s in the middle of their writes all end, and what was acknowledged is there',
  async (ending) => {
    const report = await endProcesses(await newFolder(), ending, 200);
    console.log(`${ending}: ${JSON.stringify(report)}`);
    expect(report).toEqual({ ended: 200, acknowledged: report.acknowledged, lost: 0 });
    expect(report.acknowledged).toBeGreaterThan(200);
  },
  3_000_000,
);
