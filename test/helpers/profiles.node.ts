import { cp, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject } from 'vitest';
import { type Ended, type RunningDim, type RunOptions, runHere, start } from './dim.node.ts';
import { temporaryFolder } from './folder.node.ts';

/** A person with a profile of their own. */
export interface Person {
  readonly id: string;
  /** Runs `dim --json` with the profile until it ends, in this process, which is faster. */
  run(args: readonly string[], options?: Omit<RunOptions, 'uid'>): Promise<Ended>;
  /** Starts `dim --json` with the profile in a process of its own. */
  start(args: readonly string[], options?: RunOptions): RunningDim;
}

/** Profiles that {@link twoPeople} copies, made once for each process that runs tests. */
let template: Promise<{ readonly folder: string; readonly ids: readonly string[] }> | undefined;

/**
 * Gives two people profiles of their own in a new folder. They are contacts of each other and use one station.
 *
 * @param address - `HOST:PORT` or URL of the station
 */
export async function twoPeople(
  address: string,
): Promise<{ readonly data: string; readonly moki: Person; readonly hulk: Person }> {
  template ??= makeTemplate();
  const { folder, ids } = await template;
  const data = await temporaryFolder();
  await cp(folder, data, { recursive: true });
  const [moki, hulk] = [personOf(data, 'moki', ids[0] ?? ''), personOf(data, 'hulk', ids[1] ?? '')];
  for (const name of ['moki', 'hulk']) await useStation(data, name, address);
  return { data, moki, hulk };
}

/**
 * Registers a person and gives them a profile. Their card is the file `PROFILE.json` in the folder of the profiles.
 *
 * @param called - the name in the ID; that of the profile by default
 */
export async function newPerson(
  data: string,
  profile: string,
  address: string,
  called = profile,
): Promise<Person> {
  const id = await registerPerson(data, profile, called);
  await useStation(data, profile, address);
  return personOf(data, profile, id);
}

async function makeTemplate(): Promise<{
  readonly folder: string;
  readonly ids: readonly string[];
}> {
  const folder = await mkdtemp(join(inject('sharedFolder'), 'dim-profiles-'));
  const ids = [
    await registerPerson(folder, 'moki', 'moki'),
    await registerPerson(folder, 'hulk', 'hulk'),
  ];
  for (const [name, other] of [
    ['moki', 'hulk'],
    ['hulk', 'moki'],
  ] as const) {
    const card = join(folder, `${other}.json`);
    const added = await runHere(folder, ['--profile', name, 'contacts', 'add', '--card', card]);
    expect(added.status, added.stderr).toBe(0);
  }
  return { folder, ids };
}

async function registerPerson(data: string, profile: string, called: string): Promise<string> {
  const args = ['--json', '--profile', profile];
  const register = ['register', called, '--algorithm', 'Ed25519', '--no-passphrase'];
  const made = await runHere(data, [...args, ...register]);
  expect(made.status, made.stdout).toBe(0);
  const shown = await runHere(data, [...args, 'whoami', '--card']);
  const { type: _, ...card } = shown.json[0] ?? {};
  await writeFile(join(data, `${profile}.json`), JSON.stringify(card));
  return String(made.json[0]?.['id']);
}

async function useStation(data: string, profile: string, address: string): Promise<void> {
  const added = await runHere(data, ['--profile', profile, 'station', 'add', address]);
  expect(added.status, added.stderr).toBe(0);
}

function personOf(data: string, profile: string, id: string): Person {
  const all = (args: readonly string[]) => ['--json', '--profile', profile, ...args];
  return {
    id,
    run: (args, options) => runHere(data, all(args), options),
    start: (args, options) => start(data, all(args), options),
  };
}
