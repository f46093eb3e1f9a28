import { isWaiting, systemClock, Transceiver } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import type { Content, Draft } from '@dimp/dkd';
import { Search } from '@dimp/extensions/commands';
import type { JsonObject } from '@dimp/foundation';
import { anyNamed, type ID } from '@dimp/mkm';
import { expect, test } from 'vitest';
import { limitsOf, RateLimiter, Station, StationCommands, silentMetrics } from '../src/index.ts';
import { Device } from './support/device.ts';
import { newPerson, openStation, type Person, protocol, tell } from './support/test-users.ts';

/** A station that answers commands, and knows the names it has. */
async function station(store = memoryStore()) {
  const first = await openStation(store);
  await first.station.stop();
  const {
    facebook,
    station: { id },
  } = first;
  const keeper = new RateLimiter({
    limits: limitsOf(),
    clock: systemClock,
    metrics: silentMetrics,
  });
  const commands = new StationCommands({ facebook, id, keeper });
  const parts = { facebook, id, keeper, commands, names: commands.names };
  return { station: await Station.open(parts), commands, store, facebook };
}

/** A message with members that the content type does not know. */
async function packed(
  person: Person,
  draft: Draft,
  to: ID,
  extra: JsonObject,
): Promise<Uint8Array> {
  const transceiver = new Transceiver({ barrack: person.facebook });
  const time = Date.now() / 1000;
  const content = protocol.contents.stamp(draft as never, { time, extra }) as Content;
  const envelope = { sender: person.id, receiver: to, time };
  const secure = await transceiver.encrypt({ envelope, content });
  if (isWaiting(secure)) throw new Error('it waits');
  return transceiver.serialize(await transceiver.sign(secure));
}

test.each(['archivist', 'gsp', 'station', 'Archivist'])(
  'a search for %s@anywhere, a name that stands for the station, is answered by it, with the tag of the question',
  async (name) => {
    const { station: opened, store, facebook } = await station();
    const [moki, hulk] = [await newPerson('moki'), await newPerson('hulk')];
    await tell(facebook, hulk);
    const device = await Device.login(opened, moki);
    const question = Search.create({ keywords: ['hulk'] });
    await device.transport.send(await packed(moki, question, anyNamed(name), { tag: 5 }));
    const found = () => device.contents.find(({ kind }) => kind === 'search');
    await device.until(() => found() !== undefined || device.receipts().length > 0);
    expect(device.receipts()).toEqual([]);
    expect(found()?.wire).toMatchObject({ users: [hulk.id.text], tag: 5 });
    const kept: unknown[] = [];
    for await (const [key] of store.list(['inbox'])) kept.push(key);
    expect(kept).toEqual([]);
    await opened.stop();
  },
);

test('a name that the operator gave to a bot goes to the bot, not to the station', async () => {
  const { facebook, station: first } = await openStation(memoryStore());
  await first.stop();
  const bot = await newPerson('finder');
  const keeper = new RateLimiter({
    limits: limitsOf(),
    clock: systemClock,
    metrics: silentMetrics,
  });
  const { id } = first;
  const commands = new StationCommands({ facebook, id, keeper, names: { archivist: bot.id } });
  expect(commands.names.lookup('archivist')?.entity).toBe(bot.id.entity);
  await commands[Symbol.asyncDispose]();
});
