import type { EntityKey } from '@dimp/mkm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextCheckpoint } from '../../src/model/checkpoint.ts';
import type { Act, BulletinFacts, Entry } from '../../src/model/entry.ts';
import { type Resolution, resolve } from '../../src/model/resolve.ts';
import { anna, ben, carl, checkpoint, dora, eve, nameOf, owner } from './cases.ts';

const USERS = [owner, anna, ben, carl, dora, eve];
const NAMES = Array.from({ length: 40 }, (_, at) => nameOf(`n${at}`));

const user = fc.constantFrom(...USERS);
const users = fc.uniqueArray(user, { minLength: 1, maxLength: 4 });
const names = fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 6 });

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({ members: users, removals: names, answers: names })
      .map(({ members, removals, answers }) => ({
        kind: 'add' as const,
        members,
        over: new Map(members.map((each) => [each, removals])),
        answers,
      })),
  },
  { weight: 4, arbitrary: users.map((members) => ({ kind: 'remove' as const, members })) },
  { weight: 1, arbitrary: names.map((declines) => ({ kind: 'review' as const, declines })) },
  { weight: 2, arbitrary: users.map((members) => ({ kind: 'invite' as const, members })) },
  fc.constantFrom<Act>({ kind: 'join' }, { kind: 'quit' }, { kind: 'resign' }),
  {
    weight: 1,
    arbitrary: users.map((members) => ({ kind: 'list' as const, members: [owner, ...members] })),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ members: users, folds: names, floor: fc.integer({ min: 90, max: 150 }) })
      .map(({ members, folds, floor }) => ({
        kind: 'list' as const,
        members: [owner, ...members],
        state: {
          floor,
          folds: new Set(folds),
          administrators: new Map<EntityKey, number>([[anna, 90]]),
          policy: {},
        },
      })),
  },
);

/** A group with an administrator, and any entries after its founding. */
const entries: fc.Arbitrary<readonly Entry[]> = fc
  .uniqueArray(
    fc.record({
      name: fc.constantFrom(...NAMES),
      issuer: user,
      time: fc.integer({ min: 95, max: 200 }),
      act,
    }),
    { selector: ({ name }) => name, maxLength: 30 },
  )
  .map((more) => [
    checkpoint('start', 100, [owner, anna, ben, carl], {
      floor: 99,
      administrators: { anna: 90, ben: 95 },
    }),
    ...more,
  ]);

const bulletin: fc.Arbitrary<BulletinFacts | undefined> = fc.option(
  fc.record({ time: fc.integer({ min: 90, max: 200 }), administrators: users }),
  { nil: undefined },
);

const shuffled = entries.chain((list) =>
  fc.tuple(
    fc.constant(list),
    fc.shuffledSubarray([...list], { minLength: list.length, maxLength: list.length }),
  ),
);

function essence(state: Resolution | undefined) {
  if (state === undefined) return undefined;
  const { members, administrators, proposals, digest, counted } = state;
  return {
    members,
    administrators: [...administrators],
    proposals,
    digest,
    counted: [...counted].sort(),
  };
}

describe('the state of a group', () => {
  test('does not depend on the order of the entries', () => {
    fc.assert(
      fc.property(shuffled, bulletin, ([list, other], facts) => {
        expect(essence(resolve(owner, facts, other))).toEqual(essence(resolve(owner, facts, list)));
      }),
    );
  });

  test('of a newcomer with the checkpoint and the live entries is the same, and replays change nothing', () => {
    fc.assert(
      fc.property(entries, bulletin, (list, facts) => {
        const state = resolve(owner, facts, list);
        if (state === undefined) return;
        const bundle = [state.checkpoint, ...state.live];
        expect(essence(resolve(owner, facts, bundle))).toEqual(essence(state));
        const rest = list.filter((each) => !bundle.includes(each));
        expect(essence(resolve(owner, facts, [...bundle, ...rest]))).toEqual(essence(state));
      }),
    );
  });

  test('has the founder first, each member once, and administrators who are members', () => {
    fc.assert(
      fc.property(entries, bulletin, (list, facts) => {
        const state = resolve(owner, facts, list);
        if (state === undefined) return;
        const { members, administrators, proposals } = state;
        expect(members[0]).toBe(owner);
        expect(new Set(members).size).toBe(members.length);
        for (const each of administrators.keys()) expect(members).toContain(each);
        expect(administrators.has(owner)).toBe(false);
        for (const { users: proposed } of proposals) {
          for (const each of proposed) expect(members).not.toContain(each);
        }
      }),
    );
  });
});

describe('a checkpoint', () => {
  test('decides about no membership, whatever it is made from', () => {
    fc.assert(
      fc.property(entries, bulletin, fc.integer({ min: 0, max: 1000 }), (list, facts, now) => {
        const before = resolve(owner, facts, list);
        const made = nextCheckpoint({ founder: owner, bulletin: facts, entries: list, now });
        if (before === undefined || made === undefined) return;
        const { members, state, time } = made;
        const next: Entry = {
          name: nameOf('next'),
          issuer: owner,
          time,
          act: { kind: 'list', members, state },
        };
        const after = resolve(owner, facts, [...list, next]);
        expect(after?.checkpoint).toBe(next);
        expect([...(after?.members ?? [])].sort()).toEqual([...before.members].sort());
        expect([...(after?.administrators.keys() ?? [])].sort()).toEqual(
          [...before.administrators.keys()].sort(),
        );
        const open = (proposals: Resolution['proposals']) =>
          proposals.map(({ entry }) => entry.name).sort();
        expect(open(after?.proposals ?? [])).toEqual(open(before.proposals));
      }),
      { numRuns: 1000 },
    );
  });

  test('with other administrators decides about no membership either', () => {
    const administrators = fc.uniqueArray(user, { maxLength: 4 });
    fc.assert(
      fc.property(entries, bulletin, administrators, (list, facts, wanted) => {
        const source = { founder: owner, bulletin: facts, entries: list, now: 0 };
        const before = resolve(owner, facts, list);
        const made = nextCheckpoint(source, { administrators: wanted });
        if (before === undefined || made === undefined) return;
        const { members, state, time } = made;
        const act: Act = { kind: 'list', members, state };
        const next: Entry = { name: nameOf('next'), issuer: owner, time, act };
        const after = resolve(owner, facts, [...list, next]);
        expect([...(after?.members ?? [])].sort()).toEqual([...before.members].sort());
        expect([...(after?.administrators.keys() ?? [])].sort()).toEqual(
          wanted.filter((each) => each !== owner && before.members.includes(each)).sort(),
        );
      }),
      { numRuns: 1000 },
    );
  });
});
