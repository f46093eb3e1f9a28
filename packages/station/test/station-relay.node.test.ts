import { memoryStore } from '@dimp/core/memory';
import { Text } from '@dimp/extensions/contents';
import { expect, test } from 'vitest';
import { Device } from './support/device.ts';
import { FRIENDS, introduce, newPerson, openStation } from './support/test-users.ts';

test('a message between two users who have logged in is relayed, and its sender is told that it was delivered', async () => {
  const { station } = await openStation(memoryStore(), { acquaintances: FRIENDS });
  const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
  await introduce(moki, hulk);
  const sending = await Device.login(station, moki);
  const receiving = await Device.login(station, hulk);
  await sending.send(Text.create({ text: 'Hello world!' }), hulk.id);
  await receiving.until(() => receiving.texts().length > 0);
  expect(receiving.texts()).toEqual(['Hello world!']);
  await sending.until(() => sending.receipts().length > 0);
  expect(sending.receipts()).toEqual(['Message delivered.']);
  await station.stop();
});

test('a message waits for a receiver who is offline, and its sender is told', async () => {
  const { station } = await openStation(memoryStore(), { acquaintances: FRIENDS });
  const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
  await introduce(moki, hulk);
  const sending = await Device.login(station, moki);
  for (const text of ['one', 'two', 'three']) await sending.send(Text.create({ text }), hulk.id);
  await sending.until(() => sending.receipts().length === 3);
  expect(sending.receipts()).toEqual(['Message cached.', 'Message cached.', 'Message cached.']);
  const receiving = await Device.login(station, hulk);
  await receiving.until(() => receiving.texts().length === 3);
  expect(receiving.texts()).toEqual(['one', 'two', 'three']);
  await sending.until(() => sending.receipts().length === 6);
  expect(sending.receipts().slice(3)).toEqual(new Array(3).fill('Message delivered.'));
  await station.stop();
});
