import { memoryStore } from '@dimp/core/memory';
import { receiptMeaning } from '@dimp/dkd';
import { type ReceiptBody, receiptFor } from '@dimp/extensions/commands';
import { Text } from '@dimp/extensions/contents';
import { type JsonObject, ProtocolError, utf8Decode, utf8Encode } from '@dimp/foundation';
import { anyNamed, EntityType } from '@dimp/mkm';
import { expect, test } from 'vitest';
import type { StationOptions } from '../src/index.ts';
import { Device } from './support/device.ts';
import { introduce, newPerson, openStation, type Person, tell } from './support/test-users.ts';

/** Two users who have logged in. */
async function couple(options: Partial<StationOptions> = {}, from: { network?: number } = {}) {
  const world = await openStation(memoryStore(), options);
  const [moki, hulk] = [await newPerson('moki', from), await newPerson('hulk')];
  await introduce(moki, hulk);
  const sending = await Device.login(world.station, moki);
  const receiving = await Device.login(world.station, hulk);
  return { ...world, moki, hulk, sending, receiving };
}

const hello = Text.create({ text: 'hello' });

test('a message is relayed as it was received, with members unknown to the station', async () => {
  const { station, sending, receiving, hulk } = await couple();
  const wire = JSON.parse(utf8Decode(await sending.pack(hello, hulk.id))) as JsonObject;
  const text = `{ "x-later": {"b": [1, 1.50]}, ${JSON.stringify(wire).slice(1, -1)}, "é": "\\u00e9" }`;
  await sending.transport.send(utf8Encode(text));
  await receiving.until(() => receiving.texts().length > 0);
  expect(receiving.raw.at(-1)).toBe(text);
  await station.stop();
});

test('members that only stations write are removed, and all others pass', async () => {
  const { station, sending, receiving, hulk } = await couple();
  const forbidden = {
    traces: ['x'],
    recipients: ['x'],
    neighbor: 'x',
    muted: true,
    error: 'x',
    pass: 1,
    origin: {},
    GF: true,
  };
  await sending.sendChanged(hello, hulk.id, (wire) => ({ ...wire, ...forbidden, more: 'kept' }));
  await receiving.until(() => receiving.texts().length > 0);
  const relayed = JSON.parse(receiving.raw.at(-1) ?? '') as JsonObject;
  expect(Object.keys(relayed).filter((name) => Object.hasOwn(forbidden, name))).toEqual([]);
  expect(relayed).toMatchObject({ more: 'kept', sender: sending.person.id.text });
  await station.stop();
});

test('a message with a wrong signature is refused, acknowledged, and never relayed', async () => {
  const { station, sending, receiving, hulk } = await couple();
  await sending.sendChanged(hello, hulk.id, (wire) => ({ ...wire, data: 'AAAA' }));
  await sending.until(() => sending.receipts().length > 0);
  expect(sending.receipts()).toEqual(['Message not valid.']);
  expect(receiving.texts()).toEqual([]);
  await station.stop();
});

test('a user cannot send in the name of another one', async () => {
  const { station, facebook, sending, receiving, hulk } = await couple();
  const monkey = await newPerson('monkey');
  await introduce(monkey, hulk);
  await tell(facebook, monkey);
  const message = await new Device(station, monkey).pack(hello, hulk.id);
  await sending.transport.send(message);
  await sending.until(() => sending.receipts().length > 0);
  expect(sending.receipts()).toEqual(['Permission denied.']);
  expect(receiving.texts()).toEqual([]);
  await station.stop();
});

test('the identity of a station relays for others only if the operator trusts it', async () => {
  const { station, facebook, sending, receiving, hulk } = await couple(
    {},
    { network: EntityType.Station },
  );
  const monkey = await newPerson('monkey');
  await introduce(monkey, hulk);
  await tell(facebook, monkey);
  const relayed = await new Device(station, monkey).pack(hello, hulk.id);
  // It stays at that station, which learns that it is not trusted.
  const outcome = sending.transport.send(relayed);
  await expect(outcome).rejects.toMatchObject({ code: 'transport/closed' });
  expect(receiving.texts()).toEqual([]);
  await station.stop();

  const trusted = await couple(
    {
      neighbours: {
        trusts: ({ type }) => type === EntityType.Station,
        sinksOf: () => [],
        async broadcast() {},
      },
    },
    { network: EntityType.Station },
  );
  await introduce(monkey, trusted.hulk);
  await tell(trusted.facebook, monkey);
  await trusted.sending.sendChanged.call(
    Object.assign(Object.create(trusted.sending), { person: monkey }),
    hello,
    trusted.hulk.id,
    (wire) => ({ ...wire, traces: ['here'] }),
  );
  await trusted.receiving.until(() => trusted.receiving.texts().length > 0);
  // Members that stations write for each other pass.
  expect(JSON.parse(trusted.receiving.raw.at(-1) ?? '')).toMatchObject({ traces: ['here'] });
  // But messages of a neighbour are verified like all others.
  await trusted.sending.sendChanged.call(
    Object.assign(Object.create(trusted.sending), { person: monkey }),
    Text.create({ text: 'forged' }),
    trusted.hulk.id,
    (wire) => ({ ...wire, signature: 'AAAA' }),
  );
  expect(trusted.receiving.texts()).toEqual(['hello']);
  await trusted.station.stop();
});

test('a message that is too old or from the future is refused', async () => {
  const { station, sending, hulk } = await couple();
  const now = Date.now() / 1000;
  for (const time of [now + 3600, now - 9 * 24 * 3600]) {
    await sending.sendChanged(hello, hulk.id, (wire) => ({ ...wire, time }));
  }
  await sending.until(() => sending.receipts().length === 2);
  expect(sending.receipts()).toEqual(['Message not valid.', 'Message not valid.']);
  await station.stop();
});

test('a message above the limit is refused', async () => {
  const { station, sending, hulk } = await couple({ limits: { messageBytes: 4096 } });
  await sending.send(Text.create({ text: 'x'.repeat(4000) }), hulk.id);
  await sending.until(() => sending.receipts().length > 0);
  expect(sending.receipts()).toEqual(['Message too large.']);
  await station.stop();
});

test('invalid payloads are refused; before login, and after too many, the connection is closed', async () => {
  const { station, sending } = await couple();
  await sending.transport.send(utf8Encode('{"no":"message"}'));
  await sending.until(() => sending.receipts().length > 0);
  expect(sending.receipts()).toEqual(['Message format error.']);
  for (let i = 0; i < 16; i++) sending.transport.send(utf8Encode('{]')).catch(() => {});
  await sending.served;
  const stranger = new Device(station, await newPerson('stranger'));
  stranger.transport.send(utf8Encode('GET / HTTP/1.1')).catch(() => {});
  await stranger.served;
  expect(station.health().connections).toBe(1);
  await station.stop();
});

test('a message of a blocked sender is not delivered, and the sender gets the receipt that a stranger gets', async () => {
  const blocked = (receiver: { text: string }): boolean => receiver.text.startsWith('hulk');
  const { station, sending, receiving, hulk, moki } = await couple({
    blocking: { blocks: blocked },
  });
  await sending.send(hello, hulk.id);
  await sending.until(() => sending.receipts().length > 0);
  expect(sending.receipts()).toEqual(['Message cached.']);
  // A later message that has arrived shows that the first one is not on its way.
  await sending.send(hello, moki.id);
  await sending.until(() => sending.texts().length > 0);
  expect(receiving.texts()).toEqual([]);
  await station.stop();
});

test('the policy of the operator can refuse with its own text', async () => {
  const { station, sending, receiving, hulk } = await couple({
    policy: ({ size, envelope }) =>
      size > 10 && envelope.type === '1' ? { refuse: 'Not on Sundays.' } : 'accept',
  });
  await sending.send(hello, hulk.id);
  await sending.until(() => sending.receipts().length > 0);
  expect(sending.receipts()).toEqual(['Not on Sundays.']);
  const refusal = sending.contents.find(({ kind }) => kind === 'receipt');
  expect(refusal?.wire).toMatchObject({ text: 'Not on Sundays.', code: 'policy/unauthorized' });
  // The sender's program decides by the code: an unknown text is not a delivery.
  expect(receiptMeaning(refusal?.body as ReceiptBody)).toEqual({
    kind: 'refused',
    code: 'policy/unauthorized',
  });
  expect(receiving.texts()).toEqual([]);
  await station.stop();
});

test('a service is reached by its name, and an unknown name is refused', async () => {
  const bot = await newPerson('archivist', { network: EntityType.Bot });
  const names = { lookup: (name: string) => (name === 'archivist' ? bot.id : undefined) };
  const { station, sending, moki } = await couple({ names });
  await tell(bot.facebook, moki);
  const serving = await Device.login(station, bot);
  await sending.send(hello, anyNamed('archivist'));
  await serving.until(() => serving.texts().length > 0);
  expect(serving.texts()).toEqual(['hello']);
  await sending.send(hello, anyNamed('nobody'));
  await sending.until(() => sending.receipts().length > 0);
  expect(sending.receipts()).toEqual(['Message not delivered.']);
  await station.stop();
});

test('a station without a directory says that it has none, and never answers a receipt', async () => {
  const { station, sending, moki } = await couple();
  const { envelope } = { envelope: { sender: moki.id, receiver: station.id, time: 0 } };
  await sending.send(receiptFor(envelope, 'Message received.'), station.id);
  await sending.send(hello, station.id);
  await sending.until(() => sending.receipts().length > 0);
  expect(sending.receipts()).toEqual(['Content not support.']);
  await station.stop();
});

test('commands are answered over the connection they came from', async () => {
  const { station, sending } = await couple({
    commands: {
      async process({ content, session }) {
        if (content.kind !== 'text') return undefined;
        return [Text.create({ text: `you are ${session?.user?.name}` })];
      },
    },
  });
  await sending.send(hello, station.id);
  await sending.until(() => sending.texts().length > 0);
  expect(sending.texts()).toEqual(['you are moki']);
  await station.stop();
});

test('a command is not acknowledged if the store of its processor fails, and the station reports that it is unhealthy', async () => {
  const { station, sending } = await couple({
    commands: {
      async process() {
        throw new ProtocolError('store/unavailable', 'disk is gone');
      },
    },
  });
  sending.send(hello, station.id).catch(() => {});
  await sending.until(() => !station.health().ok);
  expect(station.health()).toMatchObject({ ok: false, store: 'failing' });
  await station.stop();
});

test('a stopping station accepts no more connections', async () => {
  const { station, sending } = await couple();
  await station.stop();
  await sending.served;
  const late = new Device(station, (await newPerson('late')) satisfies Person);
  await late.served;
  expect(station.health()).toMatchObject({ ok: false, running: false, connections: 0 });
});
