import { memoryStore } from '@dimp/core/memory';
import { Handshake, handshakeStart } from '@dimp/extensions/commands';
import { Text } from '@dimp/extensions/contents';
import { ANY_STATION, ANYONE, EntityType } from '@dimp/mkm';
import { manualClock } from '@dimp/testing/clock';
import { expect, test } from 'vitest';
import { Station } from '../src/index.ts';
import { Device } from './support/device.ts';
import { introduce, newPerson, openStation, protocol, tell } from './support/test-users.ts';

test('a start gets a session key of this connection, and the meta and visa of the station', async () => {
  const { station } = await openStation(memoryStore());
  const moki = await newPerson('moki');
  const first = new Device(station, moki);
  await first.start();
  const second = new Device(station, moki);
  await second.start();
  expect(first.session).toMatch(/^[0-9a-f]{64}$/);
  expect(second.session).not.toBe(first.session);
  expect(first.handshakes()).toMatchObject([
    { title: 'DIM?', session: first.session, remote_address: ['127.0.0.1', 49152] },
  ]);
  expect(await moki.facebook.meta(station.id)).toBeDefined();
  expect(await moki.facebook.document(station.id)).toMatchObject({ type: 'visa' });
  await station.stop();
});

test('the session key travels encrypted', async () => {
  const { station } = await openStation(memoryStore());
  const device = new Device(station, await newPerson('moki'));
  await device.start();
  expect(device.raw.join()).not.toContain(device.session);
  await station.stop();
});

test('the right session key logs in, and a wrong one is answered with the right one', async () => {
  const { station } = await openStation(memoryStore());
  const device = new Device(station, await newPerson('moki'));
  await device.start();
  await device.send(handshakeStart('0'.repeat(64)), station.id);
  await device.until(() => device.handshakes().length === 2);
  expect(station.health().users).toBe(0);
  expect(device.handshakes()[1]).toMatchObject({ title: 'DIM?', session: device.session });
  await device.login(station.id);
  expect(device.handshakes().at(-1)).toMatchObject({ title: 'DIM!', session: device.session });
  expect(station.health().users).toBe(1);
  await station.stop();
});

test('a key of another connection does not log in', async () => {
  const { station } = await openStation(memoryStore());
  const moki = await newPerson('moki');
  const [first, second] = [new Device(station, moki), new Device(station, moki)];
  await first.start();
  await second.start();
  await second.send(handshakeStart(first.session), station.id);
  await second.until(() => second.handshakes().length === 2);
  expect(second.handshakes().at(-1)).toMatchObject({ title: 'DIM?' });
  expect(station.health().users).toBe(0);
  await station.stop();
});

test('the recorded handshake of another user logs no one in on another connection', async () => {
  const { station } = await openStation(memoryStore());
  const moki = await newPerson('moki');
  const honest = new Device(station, moki);
  await honest.start();
  const recorded = await honest.pack(handshakeStart(honest.session), station.id);
  await honest.transport.send(recorded);
  await honest.until(() => station.health().users === 1);
  const thief = new Device(station, await newPerson('thief'));
  await thief.transport.send(recorded);
  await thief.until(() => thief.raw.length === 1);
  await honest.close();
  await thief.until(() => station.health().connections === 1);
  expect(station.health().users).toBe(0);
  await station.stop();
});

test('a session key that was sent to one user does not log in another one on the same connection', async () => {
  const { station, facebook } = await openStation(memoryStore());
  const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
  await tell(facebook, hulk);
  const device = new Device(station, moki);
  await device.start();
  const other = new Device(station, hulk);
  await other.start();
  await device.transport.send(await other.pack(handshakeStart(device.session), station.id));
  await device.until(() => device.raw.length === 2);
  expect(station.health().users).toBe(0);
  await station.stop();
});

test('a connection that belongs to a user refuses the handshake of another one', async () => {
  const { station } = await openStation(memoryStore());
  const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
  const device = await Device.login(station, moki);
  const other = new Device(station, hulk);
  await other.start();
  await device.transport.send(await other.pack(handshakeStart(other.session), station.id));
  await device.until(() => device.receipts().length > 0);
  expect(device.receipts()).toEqual(['Permission denied.']);
  expect(station.health().users).toBe(1);
  await station.stop();
});

test('a handshake that was meant for another station is refused', async () => {
  const { station } = await openStation(memoryStore());
  const elsewhere = await openStation(memoryStore());
  const moki = await newPerson('moki');
  const device = new Device(station, moki);
  await device.start();
  // Its content names the other station, so changing the envelope is of no use (spec §14.1 #9).
  const { facebook } = elsewhere;
  const other = { id: elsewhere.station.id, facebook, messenger: moki.messenger };
  await tell(moki.facebook, other);
  await device.sendChanged(handshakeStart(device.session), other.id, (wire) => ({
    ...wire,
    receiver: station.id.text,
  }));
  await device.send(handshakeStart('0'.repeat(64)), station.id);
  await device.until(() => device.handshakes().length === 2);
  expect(station.health().users).toBe(0);
  await station.stop();
  await elsewhere.station.stop();
});

test('before login all messages that are not for the station are answered by a forced handshake, and not acknowledged', async () => {
  const { station } = await openStation(memoryStore());
  const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
  await introduce(moki, hulk);
  const device = new Device(station, moki);
  await device.start();
  const clockwise = device.transport.acknowledged;
  const sent = device.send(Text.create({ text: 'too early' }), hulk.id);
  // Asked once already: only after a while it is asked again.
  const outcome = await Promise.race([sent.then(() => 'acknowledged'), settled(device, 200)]);
  expect(outcome).toBe('waiting');
  expect(device.transport.acknowledged).toBe(clockwise);
  expect(device.handshakes().at(-1)).toMatchObject({ title: 'DIM?', force: true });
  sent.catch(() => {});
  await station.stop();
});

test('an unknown user is asked for their meta in plain text', async () => {
  const { station } = await openStation(memoryStore());
  const device = new Device(station, await newPerson('moki'));
  const sent = device.send(handshakeStart(), ANY_STATION);
  await device.until(() => device.contents.length > 0);
  expect(device.contents[0]).toMatchObject({
    kind: 'documents',
    body: { did: { text: device.person.id.text } },
  });
  expect(device.transport.acknowledged).toBe(0);
  sent.catch(() => {});
  await station.stop();
});

test('a speed test is answered before login', async () => {
  const { station } = await openStation(memoryStore());
  const device = new Device(station, await newPerson('moki'));
  const question = Handshake.create({ title: 'Nice to meet you!' });
  await device.send(question, ANYONE, { attachMeta: true, attachVisa: true });
  await device.until(() => device.handshakes().length > 0);
  expect(device.handshakes()).toMatchObject([
    { title: 'Nice to meet you too!', remote_address: ['127.0.0.1', 49152] },
  ]);
  await station.stop();
});

test('the oldest session of a user is closed when they have too many', async () => {
  const { station } = await openStation(memoryStore(), { limits: { sessionsPerUser: 2 } });
  const moki = await newPerson('moki');
  const [first, second] = [await Device.login(station, moki), await Device.login(station, moki)];
  const third = await Device.login(station, moki);
  await first.served;
  expect([first, second, third].map(({ transport }) => transport.closed)).toEqual([
    true,
    false,
    false,
  ]);
  await station.stop();
});

test('a connection without a login is closed', async () => {
  const clock = manualClock(Date.now());
  const { station } = await openStation(memoryStore(), {
    clock,
    limits: { loginTimeout: 5000 },
    timers: eager(clock),
  });
  const silent = new Device(station, await newPerson('moki'));
  await silent.served;
  expect(station.health().connections).toBe(0);
  await station.stop();
});

test('a station can only be opened with the identity of a station', async () => {
  const moki = await newPerson('moki');
  await expect(Station.open({ facebook: moki.facebook, id: moki.id })).rejects.toMatchObject({
    code: 'unsupported/entity',
  });
  const bot = await newPerson('bot', { network: EntityType.Bot });
  await expect(Station.open({ facebook: moki.facebook, id: bot.id })).rejects.toMatchObject({
    code: 'identity/not-found',
  });
  expect(protocol.extensions).toContain('standard');
});

/** Resolves after some milliseconds, unless something came meanwhile that the device waits for. */
async function settled(device: Device, milliseconds: number): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  return device.transport.closed ? 'closed' : 'waiting';
}

/** Timers that let a manual clock jump to what is due. */
function eager(clock: ReturnType<typeof manualClock>) {
  return {
    after(delay: number, task: () => void | Promise<void>): Disposable {
      const timer = setTimeout(() => {
        clock.advance(delay);
        void task();
      }, 1);
      return { [Symbol.dispose]: () => clearTimeout(timer) };
    },
  };
}
