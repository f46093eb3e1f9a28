import { expect, test } from 'vitest';
import { connected, Guest, Place, until } from './support/federated-stations.ts';
import { introduce, newPerson } from './support/test-users.ts';

test('all of 500 messages arrive once if the middle one of three stations crashes and restarts meanwhile', async () => {
  const [a, b, c] = [await Place.make('a'), await Place.make('b'), await Place.make('c')];
  await c.start([b]);
  await b.start([a.id, c.id]);
  await a.start([b]);
  await connected([a, b], [b, c]);
  const [moki, hulk] = [new Guest(await newPerson('moki')), new Guest(await newPerson('hulk'))];
  await introduce(moki.person, hulk.person);
  await hulk.at(c);
  await moki.at(a);
  await (await moki.say('first', hulk.id)).reached('received');
  const texts = Array.from({ length: 500 }, (_, index) => `message ${index}`);
  const sending = (async () => {
    for (const text of texts) await moki.say(text, hulk.id);
  })();
  await until(() => hulk.texts.length > 100, 60_000);
  await b.kill();
  const reached = hulk.texts.length;
  expect(reached).toBeLessThan(501);
  await sending;
  await b.restart();
  await until(() => hulk.texts.length >= 501, 100_000);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(hulk.texts).toEqual(['first', ...texts]);
}, 240_000);
