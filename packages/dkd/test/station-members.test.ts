import { STATION_MEMBERS, withoutStationMembers } from '@dimp/dkd';
import { expect, test } from 'vitest';

test('what stations write on a message is taken off, and nothing else', () => {
  const message = { sender: 'a@b', data: 'x', time: 1, unknown: { traces: [1] } };
  const marks = Object.fromEntries(STATION_MEMBERS.map((name) => [name, ['anything']]));
  expect(STATION_MEMBERS).toContain('traces');
  expect(withoutStationMembers({ ...marks, ...message })).toEqual(message);
});

test('a message that no station has written on stays the object it is', () => {
  const message = { sender: 'a@b', data: 'x' };
  expect(withoutStationMembers(message)).toBe(message);
});
