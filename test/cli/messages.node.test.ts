import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildProgram, run, start, temporaryFolder } from './program.node.ts';
import { startStation } from './station.node.ts';

let remove: () => Promise<void>;
beforeAll(async () => {
  remove = await buildProgram();
});
afterAll(() => remove());

/** Two people on one machine, with profiles of their own, who know each other and use one station. */
export async function twoPeople(address: string) {
  const data = await temporaryFolder();
  const ids: Record<string, string> = {};
  for (const name of ['moki', 'hulk']) {
    const made = await run(data, ['--profile', name, '--json', 'register', name, '--algorithm', 'Ed25519', '--no-passphrase']);
    expect(made.status, made.stdout + made.stderr).toBe(0);
    ids[name] = String(made.json[0]?.['id']);
    const card = await run(data, ['--profile', name, 'whoami', '--card']);
    await writeFile(join(data, `${name}.json`), card.stdout);
    await run(data, ['--profile', name, 'station', 'add', address]);
  }
  for (const [name, other] of [['moki', 'hulk'], ['hulk', 'moki']] as const) {
    const added = await run(data, ['--profile', name, 'contacts', 'add', '--card', join(data, `${other}.json`)]);
    expect(added.status, added.stderr).toBe(0);
  }
  return { data, ids };
}

test('a text arrives', async () => {
  const station = await startStation();
  const { data, ids } = await twoPeople(station.address);
  const check = await run(data, ['--profile', 'moki', 'station', 'check', '--timeout', '5']);
  console.log(check);
  const listening = start(data, ['--profile', 'hulk', '--json', 'listen', '--count', '1', '--timeout', '20']);
  const sent = await run(data, ['--profile', 'moki', '--json', 'send', 'hulk', 'Hello', 'world', '--until', 'received']);
  console.log(sent);
  console.log(await listening.ended, ids);
});
