import { memoryStore } from '@dimp/core/memory';
import { Block, DocumentsCommand, Login, Search } from '@dimp/extensions/commands';
import { Forward, Text } from '@dimp/extensions/contents';
import { EVERYONE, type ID } from '@dimp/mkm';
import { expect, onTestFinished, test } from 'vitest';
import { limitsOf, RateLimiter, Station, StationCommands } from '../src/index.ts';
import { Device } from './support/device.ts';
import { introduce, newPerson, openStation } from './support/test-users.ts';

test('users of a running station find each other, announce where they are, and block others', async () => {
  const store = memoryStore();
  const { facebook, station: before } = await openStation(store);
  const { id } = before;
  await before.stop();
  const keeper = new RateLimiter({ limits: limitsOf(), clock: facebook.clock });
  const commands = new StationCommands({ facebook, id, keeper });
  const { lists: blocking, names } = commands;
  const station = await Station.open({ facebook, id, keeper, commands, blocking, names });
  onTestFinished(async () => {
    await station.stop();
    await commands[Symbol.asyncDispose]();
  });
  const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
  await introduce(moki, hulk);
  const [phone, laptop] = [await Device.login(station, moki), await Device.login(station, hulk)];
  // Their visas came with their first handshake.
  await phone.send(Search.create({ keywords: ['hulk'] }), id);
  await phone.until(() => phone.contents.some(({ kind }) => kind === 'search'));
  const found = phone.contents.find(({ kind }) => kind === 'search')?.body as { users: ID[] };
  expect(found.users.map(({ text }) => text)).toEqual([hulk.id.text]);
  await laptop.send(Login.create({ did: hulk.id, station: { did: id } }), EVERYONE);
  await laptop.until(() => laptop.receipts().includes('Login received.'));
  // The station of a user is revealed only to those whom they have written to.
  await laptop.send(Text.create({ text: 'hello' }), moki.id);
  await phone.until(() => phone.texts().includes('hello'));
  await phone.send(DocumentsCommand.create({ did: hulk.id }), id);
  await phone.until(() => phone.contents.some(({ kind }) => kind === 'documents'));
  await phone.until(() => phone.contents.some(({ kind }) => kind === 'forward'));
  // Clients of today answer what was forwarded with nothing in a forward.
  await phone.send(Forward.create({ messages: [] }), id);
  await laptop.send(Block.create({ list: [moki.id] }), id);
  await laptop.until(() => laptop.receipts().includes('Block received.'));
  await phone.send(Text.create({ text: 'psst' }), hulk.id);
  await phone.until(() => phone.receipts().includes('Message cached.'));
  expect(laptop.texts()).toEqual([]);
  expect(phone.receipts()).not.toContain('Content not support.');
});

test('strangers who attach their meta are bounded in number, and others are served', async () => {
  const store = memoryStore();
  const { facebook, station: before } = await openStation(store);
  const { id } = before;
  await before.stop();
  const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
  // The station itself is one of them.
  const limits = limitsOf({ identities: 2 });
  const keeper = new RateLimiter({ limits, clock: facebook.clock });
  const commands = new StationCommands({ facebook, id, keeper });
  const station = await Station.open({ facebook, id, keeper, commands });
  onTestFinished(async () => {
    await station.stop();
    await commands[Symbol.asyncDispose]();
  });
  await Device.login(station, moki);
  const late = Device.login(station, hulk).then(
    () => 'in',
    () => 'out',
  );
  const waited = new Promise((resolve) => setTimeout(resolve, 1000, 'out'));
  expect(await Promise.race([late, waited])).toBe('out');
  expect(await facebook.meta(hulk.id)).toBeUndefined();
  await Device.login(station, moki);
});
