import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  type Ended,
  type Running,
  type RunOptions,
  run,
  start,
  temporaryFolder,
} from './program.node.ts';

/** A person with a profile. */
export interface Person {
  readonly id: string;
  run(args: readonly string[], options?: RunOptions): Promise<Ended>;
  start(args: readonly string[], options?: RunOptions): Running;
}

/** Two people on one machine, with profiles of their own, who know each other and use one station. */
export async function twoPeople(
  address: string,
): Promise<{ readonly data: string; readonly moki: Person; readonly hulk: Person }> {
  const data = await temporaryFolder();
  const [moki, hulk] = await Promise.all([
    person(data, 'moki', address),
    person(data, 'hulk', address),
  ]);
  for (const [who, card] of [
    [moki, 'hulk.json'],
    [hulk, 'moki.json'],
  ] as const) {
    const added = await who.run(['contacts', 'add', '--card', join(data, card)]);
    expect(added.status, added.stdout).toBe(0);
  }
  return { data, moki, hulk };
}

/** A person with a profile of their own that uses a station. @param called - name in the ID; that of the profile by default */
export async function person(
  data: string,
  name: string,
  address: string,
  called = name,
): Promise<Person> {
  const args = (rest: readonly string[]) => ['--json', '--profile', name, ...rest];
  const who = {
    id: '',
    run: (rest: readonly string[], options?: RunOptions) => run(data, args(rest), options),
    start: (rest: readonly string[], options?: RunOptions) => start(data, args(rest), options),
  };
  const made = await who.run(['register', called, '--algorithm', 'Ed25519', '--no-passphrase']);
  expect(made.status, made.stdout + made.stderr).toBe(0);
  const { type: _, ...card } = (await who.run(['whoami', '--card'])).json[0] ?? {};
  await writeFile(join(data, `${name}.json`), JSON.stringify(card));
  expect((await who.run(['station', 'add', address])).status).toBe(0);
  return { ...who, id: String(made.json[0]?.['id']) };
}

/** What a failure of a program is. */
export function failureOf({
  status,
  json,
}: Ended): readonly [status: number | null, code: unknown] {
  const { error } = json.at(-1) as { error?: { code: string } };
  return [status, error?.code];
}

/** The results of a kind that a program has told. */
export function results({ json }: Ended, type: string): Ended['json'] {
  return json.filter((each) => each['type'] === type);
}
