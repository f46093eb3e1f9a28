import { DocumentsCommand } from '@dimp/extensions/commands';
import { expect, test } from 'vitest';
import { Device } from './support/device.ts';
import { connected, Guest, Place, until } from './support/federated-stations.ts';
import { newPerson, tell } from './support/test-users.ts';

async function line(): Promise<readonly [Place, Place, Place]> {
  const [a, b, c] = [await Place.make('a'), await Place.make('b'), await Place.make('c')];
  await c.start([b.id]);
  await b.start([a.id, c.id]);
  await a.start([b]);
  await c.stop();
  await c.start([b]);
  await connected([a, b], [b, c]);
  return [a, b, c];
}

test('a query for a user whom only the station at the other end knows is answered through the line', async () => {
  const [a, b, c] = await line();
  const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
  // The user has not logged in lately, so no station has announced them.
  const { facebook } = c.running ?? {};
  if (facebook === undefined) throw new Error('no station');
  await tell(facebook, hulk);
  const device = await Device.login(a.station, moki);
  await device.send(DocumentsCommand.create({ did: hulk.id }), a.id);
  await device.until(() => device.contents.some(({ kind }) => kind === 'documents'));
  const answer = device.contents.find(({ kind }) => kind === 'documents');
  expect(answer?.body).toMatchObject({ did: { text: hulk.id.text } });
  // The stations on the way have stored it.
  for (const place of [a, b]) {
    expect(await place.running?.facebook.document(hulk.id)).toBeDefined();
  }
}, 60_000);

test('a query that no neighbour can answer is answered in the end, and delays nothing meanwhile', async () => {
  const [a] = await line();
  const [moki, nobody] = [await newPerson('moki'), await newPerson('nobody')];
  const device = await Device.login(a.station, moki);
  const began = Date.now();
  await device.send(DocumentsCommand.create({ did: nobody.id }), a.id);
  await device.send(DocumentsCommand.create({ did: a.id }), a.id);
  await device.until(() => device.contents.some(({ kind }) => kind === 'documents'));
  expect(device.receipts()).not.toContain('Document not found.');
  await until(() => device.receipts().includes('Document not found.'), 30_000);
  expect(Date.now() - began).toBeGreaterThan(10_000);
  // Neighbours are not asked again so soon: the answer comes without the 15 seconds of a query.
  const again = Date.now();
  const receipts = device.receipts().length;
  await device.send(DocumentsCommand.create({ did: nobody.id }), a.id);
  await device.until(() => device.receipts().length > receipts);
  expect(Date.now() - again).toBeLessThan(10_000);
}, 60_000);

test('earlier logins are announced to a neighbour that connects later', async () => {
  const [a, b, c] = [await Place.make('a'), await Place.make('b'), await Place.make('c')];
  const [moki, hulk] = [new Guest(await newPerson('moki')), new Guest(await newPerson('hulk'))];
  await a.start([b]);
  await c.start([b]);
  await hulk.at(c);
  await moki.at(a);
  expect(a.federation.connected).toEqual([]);
  await b.start([a.id, c.id]);
  await until(() => a.federation.sinksOf(hulk.id).length === 1);
  await until(() => c.federation.sinksOf(moki.id).length === 1);
  await (await moki.say('here you are', hulk.id)).reached('received');
  expect(hulk.texts).toEqual(['here you are']);
}, 60_000);
