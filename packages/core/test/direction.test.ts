import { expect, test } from 'vitest';
import { destinationOf } from '../src/index.ts';
import { id } from './ids.ts';

// The table of spec §11.1.
test.each([
  ['A', undefined, 'u1', 'u1'],
  ['B', undefined, 'g1', 'g1'],
  ['C', undefined, 'anyone@anywhere', 'anyone@anywhere'],
  ['D', undefined, 'everyone@everywhere', 'everyone@everywhere'],
  ['E', 'stations@everywhere', 'u1', 'stations@everywhere'],
  ['F', 'stations@everywhere', 'anyone@anywhere', 'stations@everywhere'],
  ['G', 'stations@everywhere', 'stations@everywhere', 'stations@everywhere'],
  ['H', 'g1', 'u1', 'g1'],
  ['J', 'g1', 'g1', 'g1'],
  ['K', 'g1', 'anyone@anywhere', 'anyone@anywhere'],
])('case %s: group %s, receiver %s goes to %s', (_case, group, receiver, destination) => {
  const envelope = {
    receiver: id(receiver),
    ...(group === undefined ? {} : { group: id(group) }),
  };
  expect(destinationOf(envelope).entity).toBe(destination);
});
