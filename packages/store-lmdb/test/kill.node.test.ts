import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { utf8Decode } from '@dimp/foundation';
import { lmdbStore } from '@dimp/store-lmdb';
import { seededRandom } from '@dimp/testing/network';
import { beforeAll, expect, inject, test } from 'vitest';
import { newFolder } from './folders.ts';
import { buildPrograms, start } from './programs.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Whether to repeat as often as CI does: with DIM_THOROUGH=1. */
    thorough: boolean;
  }
}

beforeAll(buildPrograms);

/** Times that the writing process is killed. */
const KILLS = inject('thorough') ? 8 : 3;

test('acknowledged changes survive the end of a killed process, and no batch is partial', async () => {
  const path = join(await newFolder(), 'store');
  const acknowledged = new Map<string, Set<string>>();
  const random = seededRandom('kill');
  let counted = 0;
  let killed = 0;
  for (let run = 0; run <= KILLS; run++) {
    const child = start('write', path, { run: String(run) });
    if (run < KILLS) {
      await child.said('0');
      await setTimeout(random.integer(500));
      child.process.kill('SIGKILL');
    }
    await child.ended;
    if (!child.lines.includes('done')) killed += 1;
    expect(child.lines).not.toContain('lost');
    acknowledged.set(String(run), new Set(child.lines.filter((line) => /^\d+$/.test(line))));
    const counts = child.lines.filter((line) => line.startsWith('count '));
    counted = Number(counts.at(-1)?.slice(6) ?? counted);

    const store = await lmdbStore({ path });
    const singles = new Set<string>();
    const batches = new Map<string, number>();
    for await (const [[kind, of, name, part], value] of store.list([])) {
      if (kind === 'last' || kind === 'counter') continue;
      const index = Number(name);
      const rest = 'x'.repeat(index % 20 === 0 ? 6000 : index % 50);
      expect(utf8Decode(value) === `${of}/${name}/${rest}`, `${kind}/${of}/${name}/${part}`).toBe(
        true,
      );
      if (kind === 'single') singles.add(`${of}/${name}`);
      else batches.set(`${of}/${name}`, (batches.get(`${of}/${name}`) ?? 0) + 1);
    }
    expect([...batches.values()].every((count) => count === 5)).toBe(true);
    for (const [of, names] of acknowledged) {
      const missing = [...names].filter(
        (name) => !singles.has(`${of}/${name}`) && !batches.has(`${of}/${name}`),
      );
      expect(missing).toEqual([]);
    }
    const count = await store.get(['counter']);
    expect(Number(utf8Decode(count ?? new Uint8Array()))).toBeGreaterThanOrEqual(counted);
    await store.close();
  }
  // Nothing was proven if all were faster than the kill.
  expect(killed).toBeGreaterThan(KILLS / 2);
  expect(acknowledged.get(String(KILLS))?.size).toBe(10_000);
}, 60_000);
