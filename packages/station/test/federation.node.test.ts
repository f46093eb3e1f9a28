import { expect, test } from 'vitest';
import { connected, Guest, Place, until } from './support/federated-stations.ts';
import { newPerson } from './support/test-users.ts';

/** Three stations in a line: the one in the middle is dialled by one end, and dials the other. */
async function line(): Promise<readonly [Place, Place, Place]> {
  const [a, b, c] = [await Place.make('a'), await Place.make('b'), await Place.make('c')];
  await c.start([b.id]);
  await b.start([a.id, c]);
  await a.start([b]);
  await connected([a, b], [b, c]);
  return [a, b, c];
}

test('users at the ends of a line of three stations who do not know each other find and reach each other', async () => {
  const [a, , c] = await line();
  const [moki, hulk] = [new Guest(await newPerson('moki')), new Guest(await newPerson('hulk'))];
  await hulk.at(c);
  await moki.at(a);
  const sent = await moki.say('are you there?', hulk.id);
  await sent.reached('received');
  expect(hulk.texts).toEqual(['are you there?']);
  const answered = await hulk.say('yes', moki.id);
  await answered.reached('received');
  expect(moki.texts).toEqual(['yes']);
}, 60_000);

test('messages that wait for a user at one station follow them to another one', async () => {
  const [a, , c] = await line();
  const [moki, hulk] = [new Guest(await newPerson('moki')), new Guest(await newPerson('hulk'))];
  await hulk.at(a);
  await moki.at(a);
  await (await moki.say('zero', hulk.id)).reached('received');
  await hulk.leave();
  const waiting = [await moki.say('one', hulk.id), await moki.say('two', hulk.id)];
  for (const each of waiting) await each.reached('delivered');
  await hulk.at(c);
  for (const each of waiting) await each.reached('received');
  await (await moki.say('three', hulk.id)).reached('received');
  expect(hulk.texts).toEqual(['zero', 'one', 'two', 'three']);
}, 60_000);

test('a message goes back to where it came from when its receiver has moved there', async () => {
  const [a, , c] = await line();
  const [moki, hulk] = [new Guest(await newPerson('moki')), new Guest(await newPerson('hulk'))];
  await hulk.at(a);
  await moki.at(c);
  await (await moki.say('zero', hulk.id)).reached('received');
  await hulk.leave();
  const waiting = await moki.say('one', hulk.id);
  await waiting.reached('delivered');
  // It is at station A now, where the user was last.
  await until(() => a.running !== undefined && hulk.texts.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await hulk.at(c);
  await waiting.reached('received');
  expect(hulk.texts).toEqual(['zero', 'one']);
}, 60_000);
