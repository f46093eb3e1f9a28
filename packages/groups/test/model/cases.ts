import type { JsonObject } from '@dimp/foundation';
import type { EntityKey } from '@dimp/mkm';
import type { Act, BulletinFacts, Entry } from '../../src/model/entry.ts';
import { type Resolution, resolve } from '../../src/model/resolve.ts';

export const key = (name: string): EntityKey => name as EntityKey;
export const [owner, anna, ben, carl, dora, eve, fred] = (
  ['owner', 'anna', 'ben', 'carl', 'dora', 'eve', 'fred'] as const
).map(key) as [EntityKey, EntityKey, EntityKey, EntityKey, EntityKey, EntityKey, EntityKey];

/** A name of 22 characters. */
export const nameOf = (label: string): string => label.padEnd(22, '/');

const entry = (label: string, issuer: EntityKey, time: number, act: Act): Entry => ({
  name: nameOf(label),
  issuer,
  time,
  act,
});

type Over = Readonly<Record<string, readonly string[]>>;

export const add = (
  label: string,
  issuer: EntityKey,
  time: number,
  members: readonly EntityKey[],
  { over = {}, answers = [] }: { over?: Over; answers?: readonly string[] } = {},
): Entry =>
  entry(label, issuer, time, {
    kind: 'add',
    members,
    over: new Map(Object.entries(over).map(([user, names]) => [key(user), names.map(nameOf)])),
    answers: answers.map(nameOf),
  });

export const remove = (
  label: string,
  issuer: EntityKey,
  time: number,
  members: readonly EntityKey[],
): Entry => entry(label, issuer, time, { kind: 'remove', members });

export const review = (
  label: string,
  issuer: EntityKey,
  time: number,
  declines: readonly string[],
): Entry => entry(label, issuer, time, { kind: 'review', declines: declines.map(nameOf) });

export const invite = (
  label: string,
  issuer: EntityKey,
  time: number,
  members: readonly EntityKey[],
): Entry => entry(label, issuer, time, { kind: 'invite', members });

export const join = (label: string, issuer: EntityKey, time: number): Entry =>
  entry(label, issuer, time, { kind: 'join' });
export const quit = (label: string, issuer: EntityKey, time: number): Entry =>
  entry(label, issuer, time, { kind: 'quit' });
export const resign = (label: string, issuer: EntityKey, time: number): Entry =>
  entry(label, issuer, time, { kind: 'resign' });
/** The list of a deployed client. */
export const list = (
  label: string,
  issuer: EntityKey,
  time: number,
  members: readonly EntityKey[],
): Entry => entry(label, issuer, time, { kind: 'list', members });

export const checkpoint = (
  label: string,
  time: number,
  members: readonly EntityKey[],
  {
    floor = 0,
    folds = [],
    administrators = {},
    policy = {},
    by = owner,
  }: {
    floor?: number;
    folds?: readonly string[];
    administrators?: Readonly<Record<string, number>>;
    policy?: JsonObject;
    by?: EntityKey;
  } = {},
): Entry =>
  entry(label, by, time, {
    kind: 'list',
    members,
    state: {
      floor,
      folds: new Set(folds.map(nameOf)),
      administrators: new Map(
        Object.entries(administrators).map(([user, since]) => [key(user), since]),
      ),
      policy,
    },
  });

/** The state of a group that must be known. */
export function stateOf(entries: readonly Entry[], bulletin?: BulletinFacts): Resolution {
  const state = resolve(owner, bulletin, entries);
  if (state === undefined) throw new TypeError('the state is not known');
  return state;
}

/** The names of members after the owner. */
export function membersOf(entries: readonly Entry[], bulletin?: BulletinFacts): readonly string[] {
  const [first, ...others] = stateOf(entries, bulletin).members;
  if (first !== owner) throw new TypeError('the owner must be the first member');
  return others;
}
