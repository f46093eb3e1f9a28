import { describe, expect, test } from 'vitest';
import {
  type CheckpointChanges,
  firstCheckpoint,
  MAX_FOLDS,
  nextCheckpoint,
  nextTime,
  SETTLED_AFTER_MS,
} from '../../src/model/checkpoint.ts';
import type { Entry } from '../../src/model/entry.ts';
import {
  add,
  anna,
  ben,
  carl,
  checkpoint,
  dora,
  eve,
  fred,
  invite,
  join,
  key,
  list,
  membersOf,
  nameOf,
  owner,
  quit,
  remove,
  resign,
  stateOf,
} from './cases.ts';

const start = checkpoint('start', 100, [owner, anna, ben, carl], {
  floor: 99,
  administrators: { anna: 90, ben: 90 },
  policy: { speak: 'admins' },
});

function next(entries: readonly Entry[], changes: CheckpointChanges = {}, now = 1000) {
  const made = nextCheckpoint({ founder: owner, bulletin: undefined, entries, now }, changes);
  if (made === undefined) throw new TypeError('the state is not known');
  const { time, members, state } = made;
  const entry: Entry = {
    name: nameOf('next'),
    issuer: owner,
    time,
    act: { kind: 'list', members, state },
  };
  return { ...made, folds: [...state.folds], entry };
}

describe('the next checkpoint', () => {
  test('lists the members as they are and names what the list contains', () => {
    const made = next([start, add('a', anna, 110, [eve]), remove('r', ben, 120, [carl])]);
    expect(made.members).toEqual([owner, anna, ben, eve]);
    expect(made.folds).toEqual([nameOf('a'), nameOf('r')]);
    expect(made.state).toMatchObject({
      floor: 99,
      policy: { speak: 'admins' },
      previous: nameOf('start'),
    });
    expect(made.time).toBe(1000);
  });

  test('is later than everything that its maker knows', () => {
    const entries = [start, add('a', anna, 5000, [eve])];
    expect(next(entries).time).toBe(5001);
    expect(nextTime(entries, 10)).toBe(5001);
    expect(nextTime(entries, 7000)).toBe(7000);
  });

  test('leaves open proposals, and what was said without a right', () => {
    const entries = [
      start,
      join('j', eve, 110),
      invite('i', carl, 110, [fred]),
      add('void', carl, 110, [dora]),
      quit('declined', dora, 110),
    ];
    expect(next(entries).folds).toEqual([]);
    // The invitation that was declined may still be under way.
    const late = add('late', anna, 105, [dora]);
    expect(membersOf([...entries, next(entries).entry, late])).not.toContain(dora);
  });

  test('settles what an administrator may not, so that it does not come alive later', () => {
    const entries = [start, remove('r', anna, 110, [ben])];
    const dismissal = next(entries, { administrators: [anna] });
    expect(dismissal.folds).toEqual([nameOf('r')]);
    expect(membersOf([...entries, dismissal.entry])).toContain(ben);
  });

  test('leaves an addition live that overrules a removal which its maker does not know', () => {
    const entries = [
      start,
      add('a', anna, 120, [carl, eve], { over: { carl: ['unknown'] } }),
      remove('r', ben, 130, [eve]),
      add('b', anna, 140, [eve, fred], { over: { eve: ['r'] } }),
      remove('x', anna, 150, [dora]),
    ];
    const made = next(entries);
    expect(made.folds).toEqual([nameOf('x')]);
    expect(made.members).toEqual([owner, anna, ben, carl]);
    const after = [...entries, made.entry];
    expect(membersOf(after)).toEqual([anna, ben, carl, eve, fred]);
    expect(membersOf([...after, remove('unknown', ben, 110, [carl])])).toContain(carl);
  });

  test('leaves a resignation live with a removal that was void before it', () => {
    const entries = [
      start,
      add('a', owner, 110, [ben], { over: { ben: ['unknown'] } }),
      remove('r', anna, 120, [ben, carl]),
      resign('resigns', ben, 130),
    ];
    expect(membersOf(entries)).toEqual([anna, ben]);
    const made = next(entries);
    expect(made.folds).toEqual([]);
    const after = [...entries, made.entry];
    expect(membersOf(after)).toEqual([anna, ben]);
    expect([...stateOf(after).administrators.keys()]).toEqual([anna]);
    expect(membersOf([...after, remove('unknown', anna, 140, [ben])])).toContain(ben);
    // Changes of the administrators do not bring the removal to life either.
    for (const administrators of [[anna], [anna, ben], [anna, carl]]) {
      expect(membersOf([...entries, next(entries, { administrators }).entry])).toContain(ben);
    }
  });

  test('settles a void list of an administrator whose resignation stays live', () => {
    const entries = [
      start,
      add('a', owner, 110, [ben], { over: { ben: ['unknown'] } }),
      list('l', ben, 120, [owner, ben]),
      resign('resigns', ben, 130),
      invite('proposal', ben, 135, [eve]),
      quit('q', anna, 140),
    ];
    const made = next(entries);
    expect(made.folds).toEqual([nameOf('l'), nameOf('q')]);
    expect(membersOf([...entries, made.entry])).toEqual([ben, carl]);
    // After a dismissal, what he kept back is void.
    const dismissal = next(entries, { administrators: [] });
    const kept = add('kept', ben, 115, [fred]);
    expect(membersOf([...entries, dismissal.entry, kept])).toEqual([ben, carl]);
  });

  test('settles a removal that is void for an administrator who is dismissed or has left', () => {
    const entries = [
      start,
      add('a', owner, 110, [carl], { over: { carl: ['unknown', 'r'] } }),
      remove('r', anna, 120, [ben, carl]),
    ];
    const dismissal = next(entries, { administrators: [anna] });
    expect(dismissal.folds).toEqual([nameOf('a'), nameOf('r')]);
    expect(membersOf([...entries, dismissal.entry])).toEqual([anna, ben, carl]);
    const left = [...entries, quit('q', ben, 130)];
    const back = add('back', anna, 140, [ben], { over: { ben: ['q'] } });
    expect(membersOf([...left, back])).toContain(ben);
    expect(membersOf([...left, next(left).entry, back])).toContain(ben);
  });

  test('settles such an addition once the removal cannot come any more', () => {
    const old = add('a', anna, 120, [eve], { over: { eve: ['unknown'] } });
    const middle = checkpoint('middle', 130, [owner, anna, ben, carl], {
      floor: 99,
      administrators: { anna: 90, ben: 90 },
    });
    const made = next([start, old, middle], {}, 130 + SETTLED_AFTER_MS);
    expect(made.state.floor).toBe(130);
    expect(made.members).toContain(eve);
    expect(membersOf([start, old, middle, made.entry])).toContain(eve);
  });

  test('moves the floor to the newest checkpoint that is eight days old', () => {
    const entries = [
      start,
      checkpoint('c', 200, [owner, anna], { floor: 99, folds: ['old', 'new'] }),
    ];
    const known = [...entries, add('old', anna, 150, [eve])];
    const now = 200 + SETTLED_AFTER_MS;
    expect(next(known, {}, now - 1).state.floor).toBe(100);
    expect(next(known, {}, now - 1).folds).toEqual([nameOf('old'), nameOf('new')]);
    expect(next(known, {}, now).state.floor).toBe(200);
    expect(next(known, {}, now).folds).toEqual([]);
  });

  test('has at most 256 names; the floor moves instead', () => {
    const entries = [
      start,
      ...Array.from({ length: 300 }, (_, at) => add(`n${at}`, owner, 200 + at, [key(`user${at}`)])),
    ];
    const made = next(entries);
    expect(made.folds).toHaveLength(MAX_FOLDS);
    expect(made.state.floor).toBe(243);
    expect(membersOf([...entries, made.entry])).toHaveLength(303);
  });

  test('takes administrators out who have resigned or left', () => {
    const entries = [start, resign('r', anna, 110), quit('q', ben, 110)];
    expect([...next(entries).state.administrators]).toEqual([]);
    expect(next([start]).state.administrators).toEqual(
      new Map([
        [anna, 90],
        [ben, 90],
      ]),
    );
  });

  test('appoints and dismisses, and changes the policy', () => {
    const made = next([start], {
      administrators: [anna, carl, owner, eve],
      since: 990,
      policy: { invite: 'members' },
    });
    expect([...made.state.administrators]).toEqual([
      [anna, 90],
      [carl, 990],
    ]);
    expect(made.state.policy).toEqual({ invite: 'members' });
  });

  test('a dismissal with undo leaves out what the founder rejects, one without settles it', () => {
    const entries = [start, remove('r', ben, 110, [carl]), add('a', ben, 120, [eve])];
    const without = next(entries, { administrators: [anna] });
    expect(membersOf([...entries, without.entry])).toEqual([anna, ben, eve]);
    const reject = new Set([nameOf('r'), nameOf('a')]);
    const undone = next(entries, { administrators: [anna], reject });
    expect(membersOf([...entries, undone.entry])).toEqual([anna, ben, carl]);
    // What he kept back is void.
    const kept = add('kept', ben, 115, [fred]);
    expect(membersOf([...entries, undone.entry, kept])).not.toContain(fred);
    expect(undone.folds.sort()).toEqual([nameOf('a'), nameOf('r')]);
  });

  test('follows the list of a deployed client of the founder, whose earlier entries stay void', () => {
    const listed = list('l', owner, 200, [owner, eve]);
    const entries = [
      start,
      add('earlier', anna, 199, [fred]),
      listed,
      remove('r', owner, 210, [eve]),
    ];
    const made = next(entries);
    expect(made.state.floor).toBe(199);
    expect(made.members).toEqual([owner]);
    expect(membersOf([...entries, made.entry])).toEqual([]);
  });
});

test('the first checkpoint names the founder first and nobody twice', () => {
  const { members, state } = firstCheckpoint(owner, [anna, owner, anna], {
    time: 500,
    policy: { join: 'link' },
  });
  expect(members).toEqual([owner, anna]);
  expect(state).toMatchObject({ floor: 499, policy: { join: 'link' } });
  expect(
    stateOf([
      { name: nameOf('f'), issuer: owner, time: 500, act: { kind: 'list', members, state } },
    ]).members,
  ).toEqual([owner, anna]);
});
