import { type AddressInfo, connect, createServer } from 'node:net';
import { Facebook, Messenger } from '@dimp/client';
import { StationSession } from '@dimp/client/session';
import { isWaiting } from '@dimp/core';
import {
  Ans,
  Handshake,
  handshakeStart,
  Login,
  Report,
  receiptFor,
} from '@dimp/extensions/commands';
import { Text } from '@dimp/extensions/contents';
import { utf8Decode } from '@dimp/foundation';
import { ANY_STATION, EntityType, EVERYONE } from '@dimp/mkm';
import { connectTcp } from '@dimp/transport-tcp';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { hostileWorld, sharedScene, unharmed, Victim } from '../support/hostile-station.ts';
import { expectNothingOf, MaliciousClient, until } from '../support/malicious-client.ts';
import { introduce, newPerson, protocol } from '../support/test-users.ts';

const now = sharedScene();
const seconds = () => Date.now() / 1000;

describe('the session of another user', () => {
  test.each(['mtp', 'websocket'] as const)(
    'is not opened with its key, nor with its recorded login, over %s',
    async (way) => {
      const { world, moki, hulk, mallory } = now();
      const honest = await MaliciousClient.dial(world, moki.person, { way });
      await honest.start();
      const recorded = await honest.pack(handshakeStart(honest.session));
      const thief = await MaliciousClient.dial(world, mallory, { way });
      await thief.start();
      // Signed by the victim for their own connection, before its use and after.
      thief.send(recorded);
      honest.send(recorded);
      await until(() => honest.handshakes().includes('DIM!'));
      thief.send(recorded);
      // The key that was told to the victim, signed by the thief.
      thief.send(await thief.pack(handshakeStart(honest.session)));
      await thief.settled();
      expect(thief.handshakes()).not.toContain('DIM!');
      expect(thief.session).not.toBe(honest.session);
      // No user is logged in on this connection, so messages for the victim do not come over it.
      thief.send({ ...(await honest.wire(Text.create({ text: 'stolen' }), hulk.person.id)) });
      await thief.settled();
      await unharmed(moki, hulk);
      expectNothingOf('stolen', hulk.texts);
    },
  );

  test('is not opened by guessing: wrong keys are answered, and are rate-limited as handshakes', async () => {
    const { world } = await now();
    const client = await MaliciousClient.dial(world, now().mallory);
    await client.start();
    const right = client.session ?? '';
    for (const key of ['', '0', right.toUpperCase(), `${right}0`, right.slice(1), 'a'.repeat(64)]) {
      client.send(await client.pack(Handshake.create({ title: 'Hello world!', session: key })));
    }
    await client.settled();
    expect(client.handshakes()).not.toContain('DIM!');
  });
});

describe('§14.1 no. 9: a station that forwards a handshake to another one', () => {
  test('gets no answer from a client that has connected to it, and no session', async () => {
    const { world } = now();
    const [moki, evil] = [
      await newPerson('moki'),
      await newPerson('evil', { network: EntityType.Station }),
    ];
    // The evil station listens, and is a wire to the real one.
    const proxy = createServer((socket) => {
      const onward = connect(world.port, '127.0.0.1');
      socket.pipe(onward).pipe(socket);
      for (const each of [socket, onward]) each.on('error', () => each.destroy());
      onTestFinished(() => {
        socket.destroy();
        onward.destroy();
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void proxy.close());
    const { port } = proxy.address() as AddressInfo;
    const host = '127.0.0.1';
    const stations = [{ connect: connectTcp({ host, port }), host, port, id: evil.id }];
    const session = new StationSession({ messenger: moki.messenger, stations });
    onTestFinished(() => session.stop());
    const users = world.station.health().users;
    await session.start();
    await until(() => session.report.error !== undefined);
    expect(session.report.error?.code).toBe('policy/unauthorized');
    expect(world.station.health().users).toBe(users);
    await unharmed(now().moki, now().hulk);
  });
});

describe('§14.1 no. 10: logins', () => {
  test('in the name of another user, from the future and from the past are refused, and change no route', async () => {
    const { world, moki, hulk, mallory } = now();
    const client = await MaliciousClient.login(world, mallory);
    const place = { station: { did: world.station.id }, agent: 'x' };
    const login = (did: typeof mallory.id) => Login.create({ did, ...place } as never);
    const before = await world.commands.logins.get(moki.person.id);
    expect(await client.ask(login(moki.person.id))).toEqual(['Permission denied.']);
    client.send(await client.pack(login(moki.person.id), EVERYONE));
    await client.settled();
    expect(await world.commands.logins.get(moki.person.id)).toEqual(before);
    // The user's own login, from next year: it would supersede all later ones.
    const ahead = await client.wire(login(mallory.id));
    client.send({ ...ahead, time: seconds() + 31_536_000 });
    await until(() => client.receipts().includes('Message not valid.'));
    const refused = client.receipts().length;
    const clock = { now: () => Date.now() + 31_536_000_000 };
    const later = new Facebook({ protocol, store: mallory.facebook.store, clock });
    const message = await new Messenger({ facebook: later }).pack(
      login(mallory.id),
      world.station.id,
    );
    if (isWaiting(message)) expect.unreachable();
    // Inside, where it is signed, it is next year; outside it is today.
    client.send({ ...message.wire, time: seconds() });
    await until(() => client.receipts().length > refused);
    expect(client.receipts().at(-1)).toBe('Message not valid.');
    const kept = await world.commands.logins.get(mallory.id);
    expect(kept?.time ?? 0).toBeLessThan(seconds() + 60);
    await unharmed(moki, hulk);
  });
});

describe('§14.1 no. 11: names', () => {
  test('come from the operator: messages of clients do not change them', async () => {
    const { world, moki, hulk, mallory } = now();
    const client = await MaliciousClient.login(world, mallory);
    const lie = Ans.create({
      names: ['moki', 'station', 'archivist'],
      records: { moki: mallory.id, station: mallory.id, archivist: mallory.id },
    } as never);
    client.send(await client.pack(lie));
    client.send(await client.pack(lie, hulk.person.id));
    await client.settled();
    expect(world.commands.names.lookup('moki')).toBeUndefined();
    expect(world.commands.names.lookup('station')?.text).toBe(world.station.id.text);
    expect((await hulk.session.resolve('gsp'))?.text).toBe(world.station.id.text);
    expect(await hulk.session.resolve('moki')).toBeUndefined();
    await unharmed(moki, hulk);
  });
});

describe('§14.3 no. 28 to 32: a replayed message', () => {
  test('is shown once: over the same connection, another one, with another time and receiver', async () => {
    const { world, moki, hulk } = now();
    const friend = await newPerson('friend');
    await introduce(friend, hulk.person, moki.person);
    const sender = await MaliciousClient.login(world, friend);
    const wire = await sender.wire(Text.create({ text: 'once' }), hulk.person.id);
    sender.send(wire);
    await until(() => hulk.texts.includes('once'));
    sender.send(wire);
    sender.send({ ...wire, time: seconds() - 5 });
    sender.send({ ...wire, receiver: moki.person.id.text });
    sender.send({ ...wire, receiver: `${hulk.person.id.text}/phone` });
    await sender.settled();
    const again = await MaliciousClient.login(world, friend);
    again.send(wire);
    await again.settled();
    // Neither may one who has read it on the way.
    const thief = await MaliciousClient.login(world, now().mallory);
    thief.send(wire);
    await thief.settled();
    await unharmed(moki, hulk);
    expect(hulk.texts.filter((text) => text === 'once')).toEqual(['once']);
    expectNothingOf('once', moki.texts);
  });

  test('and a report and a login of yesterday change nothing', async () => {
    const { world, moki, hulk, mallory } = now();
    const client = await MaliciousClient.login(world, mallory);
    const off = await client.wire(Report.create({ title: 'offline' }));
    // The one of two reports that counts is the later one, by the millisecond.
    await new Promise((resolve) => setTimeout(resolve, 10));
    const on = await client.wire(Report.create({ title: 'online' }));
    client.send(off);
    await client.settled();
    client.send(on);
    await until(() => client.receipts().includes('Online received.'));
    // Old times on the outside are refused; those inside were used up.
    client.send(off);
    client.send({ ...off, time: seconds() - 9 * 86_400 });
    await until(() => client.receipts().includes('Message not valid.'));
    const before = client.of('text').length;
    await introduce(mallory, hulk.person);
    await hulk.person.messenger.send(Text.create({ text: 'still there' }), mallory.id);
    await until(() => client.of('text').length > before);
    await unharmed(moki, hulk);
  });
});

describe('§14.6 no. 52: acknowledgements', () => {
  test('of another user remove nothing: a receiver who logs in later gets the message', async () => {
    const { world, moki, hulk, mallory } = now();
    const friend = await newPerson('friend');
    await introduce(friend, moki.person);
    const sleeping = await MaliciousClient.login(world, friend, { silent: true });
    await moki.person.messenger.send(Text.create({ text: 'for a friend' }), friend.id);
    await until(() => sleeping.of('text').length > 0);
    const text = sleeping.raw.find((each) => each.includes(moki.person.id.text)) ?? '{}';
    const { time, signature } = JSON.parse(text) as { time: number; signature: string };
    // The thief has seen it on the way, and tells the station that it has arrived.
    const thief = await MaliciousClient.login(world, mallory, { way: 'websocket' });
    const socket = new WebSocket(`ws://127.0.0.1:${world.port}/`);
    onTestFinished(() => socket.terminate());
    await new Promise((resolve) => socket.once('open', resolve));
    for (const ack of [
      `ACK:${time},${signature}`,
      JSON.stringify({ time, signature, status: 'ok' }),
    ]) {
      socket.send(ack);
      thief.send(ack);
    }
    const receipt = receiptFor({ sender: moki.person.id, receiver: friend.id, time }, 'received');
    thief.send(await thief.pack(receipt, world.station.id));
    await thief.settled();
    await sleeping.close();
    const awake = await MaliciousClient.login(world, friend);
    await until(() => awake.of('text').length > 0);
    expect(awake.of('text')).toMatchObject([{ text: 'for a friend' }]);
    await unharmed(moki, hulk);
  });
});

describe('§14.2 no. 19: session keys', () => {
  test('are 32 random bytes each, new for each connection and each user', async () => {
    const { world, mallory } = now();
    const keys = new Set<string>();
    for (let count = 0; count < 12; count++) {
      const client = await MaliciousClient.dial(world, mallory);
      await client.start();
      keys.add(client.session ?? '');
      await client.close();
    }
    expect(keys.size).toBe(12);
    const bits = [...keys].flatMap((key) => [...Buffer.from(key, 'hex')]);
    expect(bits.length).toBe(12 * 32);
    // 384 random bytes have fewer than 150 different values once in far more than the age of the universe.
    expect(new Set(bits).size).toBeGreaterThan(150);
  });
});

test('before login nothing is delivered, relayed or told', async () => {
  const { world, moki, hulk, mallory } = now();
  const client = await MaliciousClient.dial(world, mallory);
  client.send(await client.pack(Text.create({ text: 'early' }), hulk.person.id));
  client.send(await client.pack(Handshake.create({ title: 'DIM!' }), ANY_STATION));
  await client.start();
  await client.settled();
  await unharmed(moki, hulk);
  expectNothingOf('early', hulk.texts);
  expect(client.raw.map((each) => utf8Decode(Buffer.from(each))).join()).not.toContain(
    moki.person.id.text,
  );
});

test('a user keeps a few connections, and a flood of their own does not lock others out', async () => {
  const world = await hostileWorld({ limits: { sessionsPerUser: 3, connectionsPerAddress: 40 } });
  const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
  await introduce(moki, hulk);
  const [first, second] = [await Victim.at(world, moki), await Victim.at(world, hulk)];
  const mallory = await newPerson('mallory');
  const rogues: MaliciousClient[] = [];
  for (let count = 0; count < 6; count++) rogues.push(await MaliciousClient.login(world, mallory));
  await until(() => rogues.filter(({ closed }) => closed).length === 3);
  await unharmed(first, second);
});
