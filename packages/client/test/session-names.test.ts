import { Ans } from '@dimp/extensions/commands';
import { describe, expect, test } from 'vitest';
import { protocol } from './people.ts';
import { eventually, newStation, onlineScene } from './scripted-station.ts';
import { tell, text } from './world.ts';

const SECOND = 1000;

describe('short names', () => {
  async function asking() {
    const made = await onlineScene();
    const { station, hulk } = made;
    station.script = async ({ kind, body, sender, line }) => {
      if (kind !== 'ans') return false;
      const [name = ''] = body['names'] as readonly string[];
      const answer =
        name === 'hulk'
          ? { names: [name], records: { hulk: hulk.id } }
          : { names: [name], records: {}, missed: [name] };
      if (name !== 'silence') await station.say(line, Ans.create(answer), sender);
      return true;
    };
    return made;
  }

  test('stand for the entity that the station names, and for no other', async () => {
    const { session, hulk } = await asking();
    expect((await session.resolve('hulk'))?.entity).toBe(hulk.id.entity);
    expect(await session.resolve('nobody')).toBeUndefined();
  });

  test('that are reserved are not sent to the station; invalid ones are refused', async () => {
    const { session, station } = await asking();
    for (const name of ['everyone', 'Station', 'ANS']) {
      expect(await session.resolve(name)).toBeUndefined();
    }
    for (const name of ['', 'two words', 'hulk@anywhere', 'line\nfeed', 'x'.repeat(65)]) {
      await expect(session.resolve(name)).rejects.toThrow(RangeError);
    }
    expect(station.kinds('ans')).toEqual([]);
  });

  test('are not answered by others, nor by a station that was not asked', async () => {
    const { world, session, station, messenger, moki, hulk } = await asking();
    const evil = await newStation(world, 'evil');
    await tell(evil.client, moki);
    const heard: string[] = [];
    messenger.handle(Ans, ({ envelope }) => {
      heard.push(envelope.sender.name ?? '');
    });
    const answer = session.resolve('silence');
    answer.catch(() => undefined);
    await eventually(() => expect(station.kinds('ans')).toHaveLength(1));
    const lie = Ans.create({ names: ['silence'], records: { silence: evil.id } });
    await station.say(station.line, lie, moki.id, evil.client);
    // The application may make of it what it wants.
    await eventually(() => expect(heard).toEqual(['evil']));
    await world.pass(31 * SECOND);
    await expect(answer).rejects.toMatchObject({ code: 'transport/timeout' });
    const late = Ans.create({ names: ['silence'], records: { silence: hulk.id } });
    await station.say(station.line, late, moki.id);
    await eventually(() => expect(heard).toEqual(['evil', 'station']));
  });

  test('need a connection, and a question ends with it', async () => {
    const { session, station } = await asking();
    const answer = session.resolve('silence');
    answer.catch(() => undefined);
    await eventually(() => expect(station.kinds('ans')).toHaveLength(1));
    station.line.transport.lose();
    await expect(answer).rejects.toMatchObject({ code: 'transport/closed' });
    await expect(session.resolve('hulk')).rejects.toMatchObject({ code: 'state/not-ready' });
  });
});

test('a receipt of the station that is connected tells that a message is delivered, of another one not', async () => {
  const { world, station, messenger, hulk, moki } = await onlineScene();
  const evil = await newStation(world, 'evil');
  await tell(evil.client, moki);
  const delivery = await messenger.send(text('hi'), hulk.id);
  await eventually(() => expect(station.kinds('sealed')).toHaveLength(1));
  const { wire } = station.kinds('sealed')[0] ?? {};
  if (wire === undefined) expect.unreachable();
  const { envelope, signature } = protocol.parseMessage(wire);
  const origin = { ...envelope, signature };
  const receipt = { kind: 'receipt', body: { text: 'Message delivered.', origin } } as const;
  await eventually(() => expect(delivery.state).toBe('sent'));
  await (await station.say(station.line, receipt, moki.id, evil.client)).taken;
  await messenger.idle();
  expect(delivery.state).toBe('sent');
  await station.say(station.line, receipt, moki.id);
  await eventually(() => expect(delivery.state).toBe('delivered'));
});
