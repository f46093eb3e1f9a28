import { isWaiting } from '@dimp/core';
import { Login } from '@dimp/extensions/commands';
import { Text } from '@dimp/extensions/contents';
import { EntityType, EVERYONE } from '@dimp/mkm';
import { expect, test } from 'vitest';
import { Device } from './support/device.ts';
import { connected, Guest, Place, until } from './support/federated-stations.ts';
import { newPerson, type Person, tell } from './support/test-users.ts';

const network = EntityType.Station;

/** A station with one neighbour, which a test plays itself. */
async function withMaliciousNeighbour(): Promise<readonly [Place, Device]> {
  const place = await Place.make('a');
  const client = await newPerson('rogue', { network });
  await place.start([client.id]);
  const device = await Device.login(place.station, client);
  await until(() => place.federation.connected.length === 1);
  return [place, device];
}

async function packed(from: Person, to: Person['id'], draft: ReturnType<typeof Text.create>) {
  const message = await from.messenger.pack(draft, to);
  if (isWaiting(message)) throw new Error(`waits for ${message.for}`);
  return message;
}

async function loginOf(person: Person, station: Person['id'], time?: number) {
  const content = Login.create({ did: person.id, station: { did: station } });
  const { contents } = person.facebook.protocol;
  const at = time ?? Date.now() / 1000;
  const stamped = contents.stamp(content as never, { time: at });
  const message = await person.messenger.pack(stamped as never, EVERYONE, {
    attachMeta: true,
    attachVisa: true,
  });
  if (isWaiting(message)) throw new Error('waits');
  return person.messenger.serialize(message);
}

test('a station that is not on the list may relay nothing, and does not lose what it wanted to relay', async () => {
  const [a, b] = [await Place.make('a'), await Place.make('b')];
  await a.start();
  await b.start([a]);
  const [moki, hulk] = [new Guest(await newPerson('moki')), new Guest(await newPerson('hulk'))];
  await tell(moki.person.facebook, hulk.person);
  await hulk.at(a);
  await moki.at(b);
  // Station B believes that the user is at station A, which does not trust B.
  const login = await loginOf(hulk.person, a.id);
  const { commands } = b.running ?? {};
  const wire = JSON.parse(new TextDecoder().decode(login)) as never;
  const at = Date.now() / 1000;
  const record = { time: at, command: {}, message: wire, station: a.id };
  expect(await commands?.logins.save(hulk.id, record)).toBe(true);
  const sent = await moki.say('let me in', hulk.id);
  await sent.reached('delivered');
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(hulk.texts).toEqual([]);
  // When the operator of A trusts it, the message is still there.
  await hulk.leave();
  await a.stop();
  await a.start([b.id]);
  await hulk.at(a);
  await sent.reached('received');
  expect(hulk.texts).toEqual(['let me in']);
}, 60_000);

test('a neighbour cannot redirect the messages of a user with a login that the user did not sign', async () => {
  const [place, client] = await withMaliciousNeighbour();
  const hulk = await newPerson('hulk');
  const other = await newPerson('moki');
  const real = JSON.parse(new TextDecoder().decode(await loginOf(hulk, place.id)));
  const forged = { ...real, signature: real.signature.replace(/^..../, 'AAAA') };
  await client.transport.send(new TextEncoder().encode(JSON.stringify(forged)));
  // Signed by another user in their name.
  const content = Login.create({ did: hulk.id, station: { did: client.person.id } });
  const stolen = await other.messenger.pack(content as never, EVERYONE, { attachMeta: true });
  if (isWaiting(stolen)) throw new Error('waits');
  await client.transport.send(other.messenger.serialize(stolen));
  expect(await place.running?.commands.logins.get(hulk.id)).toBeUndefined();
  expect(place.federation.sinksOf(hulk.id)).toEqual([]);
});

test('an old login that a neighbour repeats changes no route', async () => {
  const [place, client] = await withMaliciousNeighbour();
  const hulk = await newPerson('hulk');
  const now = Date.now() / 1000;
  const old = await loginOf(hulk, client.person.id, now - 3600);
  await client.transport.send(await loginOf(hulk, place.id, now));
  await client.transport.send(old);
  expect((await place.running?.commands.logins.get(hulk.id))?.time).toBeCloseTo(now, 1);
  expect(place.federation.sinksOf(hulk.id)).toEqual([]);
});

test('a message with a wrong signature is refused from a neighbour, too', async () => {
  const [place, client] = await withMaliciousNeighbour();
  const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
  await tell(moki.facebook, hulk);
  await tell(hulk.facebook, moki);
  const facebook = place.running?.facebook;
  if (facebook === undefined) throw new Error('no station');
  await tell(facebook, moki);
  const receiving = await Device.login(place.station, hulk);
  const message = await packed(moki, hulk.id, Text.create({ text: 'true' }));
  const wire = JSON.parse(new TextDecoder().decode(moki.messenger.serialize(message)));
  const send = (each: unknown) =>
    client.transport.send(new TextEncoder().encode(JSON.stringify(each)));
  await send({ ...wire, data: wire.data.replace(/^..../, 'AAAA') });
  await send(wire);
  await receiving.until(() => receiving.texts().length > 0);
  expect(receiving.texts()).toEqual(['true']);
});

test('the meta of an unknown sender is requested from the neighbour that relays the message', async () => {
  const [place, client] = await withMaliciousNeighbour();
  const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
  await tell(moki.facebook, hulk);
  await tell(hulk.facebook, moki);
  const receiving = await Device.login(place.station, hulk);
  const message = await packed(moki, hulk.id, Text.create({ text: 'who am I?' }));
  let acknowledged = false;
  const sending = client.transport.send(moki.messenger.serialize(message)).then(() => {
    acknowledged = true;
  });
  await client.until(() => client.contents.some(({ kind }) => kind === 'meta'));
  expect(acknowledged).toBe(false);
  expect(receiving.texts()).toEqual([]);
  const question = client.contents.find(({ kind }) => kind === 'meta');
  expect(question?.body).toMatchObject({ did: { text: moki.id.text } });
  const meta = await moki.facebook.meta(moki.id);
  await client.send({ kind: 'meta', body: { did: moki.id, meta: meta?.wire } } as never, place.id);
  await sending;
  await receiving.until(() => receiving.texts().length > 0);
  expect(receiving.texts()).toEqual(['who am I?']);
});

test('a copy for a neighbour names the stations it has passed, and a stranger as sender learns only that it was accepted', async () => {
  const [place, client] = await withMaliciousNeighbour();
  const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
  await tell(moki.facebook, hulk);
  await client.transport.send(await loginOf(hulk, client.person.id));
  const sending = await Device.login(place.station, moki);
  await sending.send(Text.create({ text: 'go on' }), hulk.id);
  await sending.until(() => sending.receipts().length > 0);
  expect(sending.receipts()).toEqual(['Message cached.']);
  const copies = client.raw
    .map((text) => JSON.parse(text))
    .filter(({ receiver }) => receiver === hulk.id.text);
  expect(copies).toHaveLength(1);
  // With the meta, so that the neighbour can verify it.
  expect(copies[0]).toMatchObject({ traces: [place.id.text], meta: { seed: 'moki' } });
});

test('a message from a neighbour is not sent back to it, and waits for the receiver', async () => {
  const [place, client] = await withMaliciousNeighbour();
  const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
  await tell(moki.facebook, hulk);
  await client.transport.send(await loginOf(hulk, client.person.id, Date.now() / 1000 - 60));
  const message = await packed(moki, hulk.id, Text.create({ text: 'round and round' }));
  const wire = JSON.parse(new TextDecoder().decode(moki.messenger.serialize(message)));
  const meta = await moki.facebook.meta(moki.id);
  const passed = { ...wire, meta: meta?.wire, traces: [{ ID: client.person.id.text }] };
  await client.transport.send(new TextEncoder().encode(JSON.stringify(passed)));
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(client.raw.filter((text) => JSON.parse(text).receiver === hulk.id.text)).toEqual([]);
  await tell(hulk.facebook, moki);
  const receiving = await Device.login(place.station, hulk);
  await receiving.until(() => receiving.texts().length > 0);
  expect(receiving.texts()).toEqual(['round and round']);
});

test('in a ring of three stations each message arrives once, and none circulates', async () => {
  const [a, b, c] = [await Place.make('a'), await Place.make('b'), await Place.make('c')];
  await a.start([b, c]);
  await b.start([a, c]);
  await c.start([a, b]);
  await connected([a, b], [b, c], [a, c]);
  const [moki, hulk] = [new Guest(await newPerson('moki')), new Guest(await newPerson('hulk'))];
  await hulk.at(c);
  await moki.at(a);
  const texts = Array.from({ length: 20 }, (_, index) => `message ${index}`);
  const sent = [];
  for (const text of texts) sent.push(await moki.say(text, hulk.id));
  for (const each of sent) await each.reached('received');
  await (await hulk.say('enough', moki.id)).reached('received');
  expect(hulk.texts).toEqual(texts);
  const before = [a, b, c].map(({ station }) => station.health().waiting);
  expect(before).toEqual([0, 0, 0]);
}, 60_000);
