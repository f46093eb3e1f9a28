import { memoryStore } from '@dimp/core/memory';
import { Command } from '@dimp/extensions/commands';
import { Text } from '@dimp/extensions/contents';
import { encodeBase64 } from '@dimp/foundation';
import { EntityType } from '@dimp/mkm';
import { expect, test } from 'vitest';
import { Device } from './support/device.ts';
import { FRIENDS, introduce, newPerson, openStation } from './support/test-users.ts';

test('receipts that gather while others are signed arrive as one message, and each names its message', async () => {
  const { station } = await openStation(memoryStore());
  const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
  await introduce(moki, hulk);
  const sending = await Device.login(station, moki);
  const before = sending.raw.length;
  const packed = [];
  const signatures: string[] = [];
  for (let i = 0; i < 100; i++) {
    const bytes = await sending.pack(Text.create({ text: `${i}` }), hulk.id);
    signatures.push(JSON.parse(new TextDecoder().decode(bytes)).signature);
    packed.push(bytes);
  }
  await Promise.all(packed.map((bytes) => sending.transport.send(bytes)));
  await sending.until(() => sending.receipts().length === 100);
  expect(sending.receipts()).toEqual(new Array(100).fill('Message cached.'));
  const named = sending.contents
    .filter(({ kind }) => kind === 'receipt')
    .map(({ body }) => (body as { origin: { signature: Uint8Array } }).origin.signature);
  expect(named.map(encodeBase64)).toEqual(signatures);
  expect(sending.raw.length - before).toBeLessThan(20);
  await station.stop();
});

test('a message is not said to be delivered before a device has acknowledged it', async () => {
  const { station } = await openStation(memoryStore(), { acquaintances: FRIENDS });
  const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
  await introduce(moki, hulk);
  const sending = await Device.login(station, moki);
  const receiving = await Device.login(station, hulk);
  receiving.holds = true;
  await sending.send(Text.create({ text: 'hello' }), hulk.id);
  await receiving.until(() => receiving.held.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(sending.receipts()).toEqual([]);
  receiving.held[0]?.acknowledge();
  await sending.until(() => sending.receipts().length > 0);
  expect(sending.receipts()).toEqual(['Message delivered.']);
  await station.stop();
});

test('commands and messages of bots and stations get no receipt', async () => {
  const { station } = await openStation(memoryStore());
  const hulk = await newPerson('hulk');
  const people = [
    await newPerson('moki'),
    await newPerson('bot', { network: EntityType.Bot }),
    await newPerson('sp', { network: EntityType.Station }),
  ] as const;
  await introduce(hulk, ...people);
  const [person, bot, server] = people;
  const devices = [];
  for (const each of people) devices.push(await Device.login(station, each));
  const [speaking, ...machines] = devices as [Device, Device, Device];
  for (const device of machines) await device.send(Text.create({ text: 'hello' }), hulk.id);
  await speaking.send(Command.create({ command: 'wave' }), hulk.id);
  await speaking.send(Text.create({ text: 'hello' }), bot.id);
  await speaking.send(Text.create({ text: 'hello' }), server.id);
  // The messages after them are answered, so these were processed without a receipt.
  await speaking.send(Text.create({ text: 'hello' }), hulk.id);
  await speaking.until(() => speaking.receipts().length > 0);
  expect(speaking.receipts()).toEqual(['Message cached.']);
  for (const device of machines) expect(device.receipts()).toEqual([]);
  expect(person.id.type).toBe(EntityType.User);
  await station.stop();
});

test('all devices of the sender get the receipt, and a sender who is offline costs nothing', async () => {
  const { station } = await openStation(memoryStore());
  const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
  await introduce(moki, hulk);
  const [first, second] = [await Device.login(station, moki), await Device.login(station, moki)];
  await first.send(Text.create({ text: 'hello' }), hulk.id);
  await second.until(() => second.receipts().length > 0);
  await first.until(() => first.receipts().length > 0);
  expect([first.receipts(), second.receipts()]).toEqual([['Message cached.'], ['Message cached.']]);
  await first.close();
  await second.close();
  const receiving = await Device.login(station, hulk);
  await receiving.until(() => receiving.texts().length > 0);
  await station.stop();
});
