import { memoryStore } from '@dimp/core/memory';
import type { EntityKey } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { findEvictable, type Hold } from '../src/directory/eviction.ts';
import { KnownIdentities, NO_ORIGIN } from '../src/directory/known-identities.ts';

const DAY = 24 * 60 * 60_000;
const NOW = 1000 * DAY;
const limits = { identities: 12, identityRetention: 30 * DAY };

/** A directory with one user of each name: `[origin, name, days since they were online, what keeps them]`. */
async function directoryOf(
  ...people: readonly [origin: string, name: string, days?: number | undefined, hold?: Hold][]
) {
  const known = new KnownIdentities(memoryStore());
  const holds = new Map<string, Hold | undefined>();
  for (const [index, [origin, name, days, hold]] of people.entries()) {
    await known.add(name as EntityKey, origin, NOW - DAY + index);
    if (days !== undefined) await known.use(name as EntityKey, NOW - days * DAY);
    holds.set(name, hold);
  }
  const options = {
    known,
    limits,
    clock: { now: () => NOW },
    held: (e: EntityKey) => holds.get(e),
  };
  return {
    known,
    find: async (origin: string): Promise<string | undefined> =>
      (await findEvictable(options, origin))?.entity,
  };
}

describe('the identities that a full directory forgets', () => {
  test('are first those that never logged in, the oldest of them, then those that were away for longest', async () => {
    const { known, find } = await directoryOf(
      ['a1', 'recent', 1],
      ['a1', 'gone', 40],
      ['a1', 'longGone', 50],
      ['a1', 'second'],
      ['a1', 'third'],
    );
    for (const name of ['second', 'third', 'longGone', 'gone']) {
      expect(await find('a2')).toBe(name);
      await known.remove(name as EntityKey);
    }
    expect(await find('a2')).toBeUndefined();
    expect([...known.counts]).toEqual([['a1', 1]]);
  });

  test('are none that are online, and none with messages in a network that has no more than its share', async () => {
    const { find } = await directoryOf(
      ['a1', 'here', undefined, 'here'],
      ['a1', 'mail', undefined, 'messages'],
      ['a2', 'other', 1],
    );
    expect(await find('a3')).toBeUndefined();
  });

  test('in a network with more than its share are also recent ones, those with messages last', async () => {
    const crowd = Array.from({ length: 8 }, (_, i) => ['a1', `mail${i}`, 1, 'messages'] as const);
    const { known, find } = await directoryOf(
      ...crowd.map((each) => [...each] as [string, string, number, Hold]),
      ['a1', 'seen', 1],
      ['a1', 'here', 1, 'here'],
      ['a2', 'honest', undefined, 'messages'],
    );
    expect(await find('a3')).toBe('seen');
    await known.remove('seen' as EntityKey);
    expect(await find('a3')).toMatch(/^mail/);
    // Its own newcomers displace no one who was online.
    expect(await find('a1')).toBeUndefined();
  });

  test('are not in a network that has fewer than the newcomer’s', async () => {
    const { find } = await directoryOf(['a1', 'x', 1], ['a1', 'y', 1], ['a2', 'unused']);
    expect(await find('a1')).toBeUndefined();
    expect(await find('a3')).toBe('unused');
  });

  test('include those from neighbours and of unknown origin, as if these were many networks', async () => {
    const told = Array.from({ length: 16 }, (_, i) => ['n1', `told${i}`] as [string, string]);
    const { known, find } = await directoryOf(...told, [NO_ORIGIN, 'old1'], [NO_ORIGIN, 'old2']);
    await known.add('one' as EntityKey, 'a1', NOW);
    await known.use('one' as EntityKey, NOW);
    // Sixteen of a neighbour count as one, and so do all users of unknown origin.
    expect(await find('a1')).toBeUndefined();
    expect(await find('a2')).toBe('told0');
  });
});
