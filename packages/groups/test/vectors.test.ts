import { createProtocol } from '@dimp/core';
import { standard } from '@dimp/extensions/standard';
import type { JsonObject } from '@dimp/foundation';
import { describe, expect, test } from 'vitest';
import { nextCheckpoint } from '../src/model/checkpoint.ts';
import { type BulletinFacts, type Entry, wholeMs } from '../src/model/entry.ts';
import { readEntry } from '../src/model/read-entry.ts';
import { resolve } from '../src/model/resolve.ts';

declare global {
  interface ImportMeta {
    glob<T>(pattern: string, options: { eager: true; import: 'default' }): Record<string, T>;
  }
}

const protocol = createProtocol(standard());
const key = (text: string) => protocol.parseID(text).entity;

interface VectorEntry {
  readonly name: string;
  readonly sender: string;
  readonly content: JsonObject;
}

interface VectorBulletin {
  readonly time: number;
  readonly administrators: readonly string[];
}

interface VectorCase {
  readonly id: string;
  readonly input: {
    readonly founder: string;
    readonly entries: readonly VectorEntry[];
    readonly bulletin?: VectorBulletin;
    readonly now?: number;
  };
  readonly expect: JsonObject;
}

/** The files, found by the bundler, so that browsers have them too. */
const files = import.meta.glob<{ readonly cases: readonly VectorCase[] }>(
  '../../../vectors/groups/*.json',
  { eager: true, import: 'default' },
);

function casesOf(name: string): readonly (readonly [id: string, vector: VectorCase])[] {
  const file = files[`../../../vectors/groups/${name}.json`];
  if (file === undefined) throw new Error(`there must be the vectors ${name}`);
  return file.cases.map((each) => [each.id, each] as const);
}

/** Entries as readers make them of verified messages; contents that are none are left out. */
function entriesOf(list: readonly VectorEntry[]): readonly Entry[] {
  return list.flatMap(({ name, sender, content }) => {
    const parsed = protocol.contents.parse(content);
    return readEntry(name, protocol.parseID(sender), parsed) ?? [];
  });
}

function bulletinOf(bulletin: VectorBulletin | undefined): BulletinFacts | undefined {
  if (bulletin === undefined) return undefined;
  return {
    time: wholeMs(bulletin.time),
    administrators: bulletin.administrators.map(key),
  };
}

describe('states of groups', () => {
  test.each(casesOf('states'))('%s', (_, { input, expect: expected }) => {
    const { founder, entries } = input;
    const bulletin = bulletinOf(input.bulletin);
    const state = resolve(key(founder), bulletin, entriesOf(entries));
    expect({
      members: state?.members,
      administrators:
        state === undefined
          ? undefined
          : Object.fromEntries([...state.administrators].map(([id, ms]) => [id, ms / 1000])),
      proposals: state?.proposals.map(({ entry, users }) => ({ name: entry.name, users })),
      digest: state?.digest,
    }).toEqual(expected);
  });
});

describe('checkpoints of groups', () => {
  test.each(casesOf('checkpoints'))('%s', (_, { input, expect: expected }) => {
    const { founder, entries, now = 0 } = input;
    const made = nextCheckpoint({
      founder: key(founder),
      bulletin: undefined,
      entries: entriesOf(entries),
      now: wholeMs(now),
    });
    expect({
      time: (made?.time ?? 0) / 1000,
      members: made?.members,
      floor: (made?.state.floor ?? 0) / 1000,
      folds: [...(made?.state.folds ?? [])].sort(),
      administrators: Object.fromEntries(
        [...(made?.state.administrators ?? [])].map(([id, ms]) => [id, ms / 1000]),
      ),
      previous: made?.state.previous,
    }).toEqual(expected);
  });
});
