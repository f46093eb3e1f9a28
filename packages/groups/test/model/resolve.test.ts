import { describe, expect, test } from 'vitest';
import { MAX_LIVE_PER_ISSUER, MAX_MEMBERS } from '../../src/model/entry.ts';
import { resolve } from '../../src/model/resolve.ts';
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
  review,
  stateOf,
} from './cases.ts';

/** Owner, administrators anna and ben, members carl and dora. */
const start = checkpoint('start', 100, [owner, anna, ben, carl, dora], {
  floor: 99,
  administrators: { anna: 90, ben: 90 },
});

describe('additions and removals', () => {
  test('an administrator adds a member and removes one', () => {
    expect(membersOf([start, add('a', anna, 110, [eve]), remove('r', anna, 120, [carl])])).toEqual([
      anna,
      ben,
      dora,
      eve,
    ]);
  });

  test('of an addition and a removal at the same time, the removal wins, whichever is dated later', () => {
    for (const time of [110, 130]) {
      expect(membersOf([start, add('a', anna, 120, [eve]), remove('r', ben, time, [eve])])).toEqual(
        [anna, ben, carl, dora],
      );
    }
  });

  test('an addition that names the removal overrules it', () => {
    const entries = [start, remove('r', ben, 110, [carl])];
    expect(membersOf([...entries, add('a', anna, 120, [carl])])).not.toContain(carl);
    const named = add('a', anna, 120, [carl], { over: { carl: ['r'] } });
    expect(membersOf([...entries, named])).toContain(carl);
  });

  test('a second removal that the addition does not name counts even if it arrives late', () => {
    const entries = [
      start,
      remove('r', ben, 110, [carl]),
      add('a', anna, 120, [carl], { over: { carl: ['r'] } }),
    ];
    expect(membersOf(entries)).toContain(carl);
    expect(membersOf([...entries, remove('late', ben, 105, [carl])])).not.toContain(carl);
  });

  test('who quits is a member again only by an addition that names it', () => {
    const entries = [start, quit('q', carl, 110)];
    expect(membersOf(entries)).not.toContain(carl);
    expect(membersOf([...entries, add('a', anna, 120, [carl])])).not.toContain(carl);
    const named = add('b', anna, 120, [carl], { over: { carl: ['q'] } });
    expect(membersOf([...entries, named])).toContain(carl);
  });

  test('who declines before the invitation arrives here stays out', () => {
    expect(membersOf([start, quit('q', eve, 120), add('a', anna, 110, [eve])])).not.toContain(eve);
  });

  test('members are in the order of the checkpoint, then of their additions', () => {
    expect(
      membersOf([
        start,
        add('later', anna, 130, [fred]),
        add('first', ben, 120, [eve]),
        remove('r', ben, 110, [anna]),
      ]),
    ).toEqual([anna, ben, carl, dora, eve, fred]);
  });

  test('a group has at most 1,024 members', () => {
    const many = Array.from({ length: MAX_MEMBERS }, (_, at) => key(`user${at}`));
    const { members } = stateOf([
      start,
      add('a', anna, 110, many.slice(0, 700)),
      add('b', anna, 111, many),
    ]);
    expect(members).toHaveLength(MAX_MEMBERS);
    expect(members.slice(0, 6)).toEqual([owner, anna, ben, carl, dora, many[0]]);
  });
});

describe('rights', () => {
  test('members and strangers change nothing', () => {
    const before = stateOf([start]);
    const after = stateOf([
      start,
      add('a', carl, 110, [eve]),
      remove('r', carl, 110, [dora]),
      remove('s', fred, 110, [dora]),
      resign('x', carl, 110),
      quit('q', fred, 110),
      checkpoint('forged', 200, [owner, eve], { by: carl }),
      list('l', carl, 120, [owner, anna, ben, eve]),
    ]);
    expect(after.members).toEqual(before.members);
    expect(after.digest).toBe(before.digest);
  });

  test('an administrator removes neither the owner nor an administrator; the owner removes an administrator', () => {
    const byAnna = remove('r', anna, 110, [owner, ben, carl]);
    expect(membersOf([start, byAnna])).toEqual([anna, ben, dora]);
    expect(stateOf([start, remove('r', owner, 110, [owner, ben])]).members).toEqual([
      owner,
      anna,
      carl,
      dora,
    ]);
  });

  test('the owner cannot quit or resign', () => {
    expect(stateOf([start, quit('q', owner, 110), resign('r', owner, 111)])).toEqual(
      expect.objectContaining({ members: [owner, anna, ben, carl, dora], counted: new Set() }),
    );
  });

  test('entries of an administrator count up to their resignation, and others can remove them after it', () => {
    const entries = [start, add('a', anna, 110, [eve]), resign('r', anna, 120)];
    expect(membersOf([...entries, add('b', anna, 130, [fred])])).toEqual([
      anna,
      ben,
      carl,
      dora,
      eve,
    ]);
    expect([...stateOf(entries).administrators.keys()]).toEqual([ben]);
    expect(membersOf([...entries, remove('x', ben, 115, [anna])])).toContain(anna);
    expect(membersOf([...entries, remove('x', ben, 125, [anna])])).not.toContain(anna);
  });

  test('what a dismissed administrator kept back or dates back is void, also after a new appointment', () => {
    const keptBack = add('kept', ben, 110, [eve]);
    const dismissed = checkpoint('c2', 200, [owner, anna, ben, carl, dora], {
      floor: 99,
      administrators: { anna: 90 },
    });
    expect(membersOf([start, dismissed, keptBack])).not.toContain(eve);
    const again = checkpoint('c3', 300, [owner, anna, ben, carl, dora], {
      floor: 99,
      administrators: { anna: 90, ben: 300 },
    });
    expect(membersOf([start, dismissed, again, keptBack])).not.toContain(eve);
    expect(membersOf([start, dismissed, again, add('new', ben, 310, [eve])])).toContain(eve);
  });

  test('a resignation from before the appointment does not count', () => {
    const again = checkpoint('c3', 300, [owner, anna, ben], {
      floor: 99,
      administrators: { ben: 300 },
    });
    const entries = [again, resign('old', ben, 150), add('a', ben, 310, [eve])];
    expect(membersOf(entries)).toEqual([anna, ben, eve]);
  });

  test('a newer bulletin replaces the administrators; those who stay keep their time', () => {
    const bulletin = { time: 150, administrators: [anna, carl, owner] };
    const { administrators } = stateOf([start], bulletin);
    expect([...administrators]).toEqual([
      [anna, 90],
      [carl, 150],
    ]);
    expect(
      membersOf([start, add('a', carl, 140, [eve]), add('b', carl, 160, [fred])], bulletin),
    ).toEqual([anna, ben, carl, dora, fred]);
    expect(stateOf([start], { ...bulletin, time: 100 }).administrators.has(ben)).toBe(true);
  });

  test('an administrator who has left is none', () => {
    const { administrators } = stateOf([start, quit('q', ben, 110)]);
    expect([...administrators.keys()]).toEqual([anna]);
  });

  test('of one issuer the 256 oldest live entries count; the owner has no limit', () => {
    const many = Array.from({ length: MAX_LIVE_PER_ISSUER + 1 }, (_, at) => at);
    const entries = (by: typeof anna) => [
      start,
      ...many.map((at) => add(`n${at}`, by, 200 + at, [key(`user${at}`)])),
    ];
    const oldest = add('older', anna, 150, [eve]);
    expect(membersOf(entries(anna))).not.toContain('user256');
    expect(membersOf([...entries(anna), oldest])).not.toContain('user255');
    expect(membersOf([...entries(anna), oldest])).toContain(eve);
    expect(membersOf(entries(owner))).toContain('user256');
  });
});

describe('checkpoints', () => {
  test('without one the state is not known', () => {
    expect(resolve(owner, undefined, [add('a', owner, 110, [eve])])).toBeUndefined();
    expect(resolve(anna, undefined, [start])).toBeUndefined();
  });

  test('the newest counts, by time and then by name', () => {
    const one = checkpoint('one', 200, [owner, eve]);
    const two = checkpoint('two', 200, [owner, fred]);
    expect(membersOf([two, start, one])).toEqual([fred]);
    expect(membersOf([one, start])).toEqual([eve]);
  });

  test('a list that does not begin with the founder is none', () => {
    expect(membersOf([start, checkpoint('c', 200, [eve, owner])])).toEqual([anna, ben, carl, dora]);
  });

  test('entries that it settles, and those up to its floor, have no further effect', () => {
    const folded = checkpoint('c', 200, [owner, anna], {
      floor: 150,
      folds: ['f'],
      administrators: { anna: 90 },
    });
    const entries = [
      folded,
      add('f', anna, 190, [eve]),
      add('old', anna, 150, [fred]),
      add('new', anna, 151, [dora]),
    ];
    expect(membersOf(entries)).toEqual([anna, dora]);
  });

  test('an addition that was settled does not bring back who is removed later', () => {
    const settled = checkpoint('c', 200, [owner, anna, eve], {
      floor: 99,
      folds: ['a'],
      administrators: { anna: 90 },
    });
    const entries = [start, settled, add('a', anna, 110, [eve]), remove('r', anna, 210, [eve])];
    expect(membersOf(entries)).toEqual([anna]);
  });

  test('of two devices of the founder the newer checkpoint counts, and nothing that it did not settle is lost', () => {
    const phone = checkpoint('phone', 200, [owner, anna, eve], {
      floor: 99,
      folds: ['a'],
      administrators: { anna: 90 },
    });
    const laptop = checkpoint('laptop', 201, [owner, anna], {
      floor: 99,
      folds: ['r'],
      administrators: { anna: 90 },
    });
    const entries = [start, add('a', anna, 110, [eve]), remove('r', anna, 111, [ben, carl, dora])];
    expect(membersOf([...entries, phone, laptop])).toEqual([anna, eve]);
  });
});

describe('proposals', () => {
  test('strangers ask to join, and members propose others', () => {
    const { proposals, members } = stateOf([
      start,
      join('j', eve, 110),
      invite('i', carl, 120, [fred, dora]),
    ]);
    expect(proposals.map(({ entry, users }) => [entry.name, users])).toEqual([
      [nameOf('j'), [eve]],
      [nameOf('i'), [fred]],
    ]);
    expect(members).toHaveLength(5);
  });

  test('they are over when they are accepted or refused by somebody who may', () => {
    const entries = [start, join('j', eve, 110), invite('i', carl, 120, [fred])];
    const refused = stateOf([...entries, review('x', anna, 130, ['i'])]);
    expect(refused.proposals.map(({ users }) => users)).toEqual([[eve]]);
    const accepted = stateOf([...entries, add('y', anna, 130, [eve], { answers: ['j'] })]);
    expect(accepted.members).toContain(eve);
    expect(accepted.proposals.map(({ users }) => users)).toEqual([[fred]]);
    expect(stateOf([...entries, review('x', dora, 130, ['i', 'j'])]).proposals).toHaveLength(2);
    const other = stateOf([...entries, add('y', anna, 130, [eve])]);
    expect(other.proposals.map(({ users }) => users)).toEqual([[fred]]);
  });

  test('those of strangers for others, and of members who have left, are none', () => {
    const entries = [
      start,
      invite('i', eve, 110, [fred]),
      invite('k', carl, 110, [fred]),
      quit('q', carl, 120),
    ];
    expect(stateOf(entries).proposals).toEqual([]);
  });
});

describe('commands of deployed clients', () => {
  const bulletin = { time: 50, administrators: [anna, ben] };
  const listed = list('start', owner, 100, [owner, anna, ben, carl, dora]);

  test("L1: the founder's list is a checkpoint, and its administrators are those of the bulletin", () => {
    const entries = [listed, add('a', anna, 100, [eve]), add('old', anna, 99, [fred])];
    expect(membersOf(entries, bulletin)).toEqual([anna, ben, carl, dora, eve]);
    expect([...stateOf(entries, bulletin).administrators]).toEqual([
      [anna, 0],
      [ben, 0],
    ]);
    expect(membersOf([start, list('l', owner, 200, [owner, eve])])).toEqual([eve]);
  });

  test("L2: an administrator's list becomes additions and removals against the members by everything earlier", () => {
    const entries = [
      start,
      remove('r', anna, 110, [carl]),
      list('l', ben, 120, [owner, anna, ben, carl, eve]),
    ];
    expect(membersOf(entries)).toEqual([anna, ben, carl, eve]);
    expect(membersOf([...entries, add('later', anna, 130, [fred])])).toContain(fred);
    // It had not seen this addition, and undoes it.
    expect(membersOf([...entries, add('earlier', anna, 115, [fred])])).not.toContain(fred);
    // It overrules only the removals that are earlier.
    expect(membersOf([...entries, remove('x', anna, 125, [carl])])).not.toContain(carl);
    // An addition that does not know its removals does not overrule them.
    expect(membersOf([...entries, add('y', anna, 130, [dora])])).not.toContain(dora);
    expect(
      membersOf([...entries, add('y', anna, 130, [dora], { over: { dora: ['l'] } })]),
    ).toContain(dora);
  });

  test('L2: a list without the founder at its head, without an administrator, or of a member is void', () => {
    for (const bad of [
      list('l', ben, 120, [anna, owner, ben, eve]),
      list('l', ben, 120, [owner, ben, eve]),
      list('l', carl, 120, [owner, anna, ben, eve]),
      checkpoint('l', 120, [owner, anna, ben, eve], { by: ben }),
    ]) {
      expect(membersOf([start, bad])).toEqual([anna, ben, carl, dora]);
    }
    const resigned = [start, resign('r', anna, 110), list('l', ben, 120, [owner, ben, eve])];
    expect(membersOf(resigned)).toEqual([ben, eve]);
  });

  test("L3: an administrator's invitation without a change adds over the earlier removals", () => {
    const entries = [start, remove('r', ben, 110, [carl]), invite('i', anna, 120, [carl, eve])];
    expect(membersOf(entries)).toEqual([anna, ben, carl, dora, eve]);
    expect(stateOf(entries).proposals).toEqual([]);
    expect(membersOf([...entries, remove('later', ben, 130, [carl])])).not.toContain(carl);
  });
});

describe('the digest', () => {
  test('changes with each entry that counts, and with the checkpoint', () => {
    const digests = [
      [start],
      [start, add('a', anna, 110, [eve])],
      [start, add('b', anna, 110, [eve])],
      [start, add('a', anna, 110, [eve]), remove('r', anna, 120, [eve])],
      [start, invite('i', carl, 110, [eve])],
      [start, quit('q', carl, 110)],
      [start, resign('r', anna, 110)],
      [start, checkpoint('again', 200, [owner, anna, ben, carl, dora])],
    ].map((entries) => stateOf(entries).digest);
    expect(new Set(digests).size).toBe(digests.length);
    for (const each of digests) expect(each).toMatch(/^[A-Za-z0-9+/]{22}$/);
  });

  test('does not change with what strangers say', () => {
    const { digest } = stateOf([start]);
    expect(stateOf([start, join('j', eve, 110), quit('q', fred, 110)]).digest).toBe(digest);
  });
});
