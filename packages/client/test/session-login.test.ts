import { handshakeAgain, handshakeSuccess, Receipt } from '@dimp/extensions/commands';
import { describe, expect, test, vi } from 'vitest';
import {
  eventually,
  passQuietly,
  type ScriptedStation,
  sceneWithPeer,
  statesOf,
  withholdLogin,
} from './scripted-station.ts';
import { text } from './world.ts';

const SECOND = 1000;

describe('a clock that is far from that of the station', () => {
  const HOUR = 3600 * SECOND;

  test('and behind it is reported by the session', async () => {
    const { station, session, reports, clocks } = await sceneWithPeer();
    // Less than a visa that was signed a moment ago may be ahead.
    clocks.slept = -HOUR / 3;
    await session.start();
    await eventually(() => expect(session.report.error).toBeDefined());
    expect(session.report.error).toMatchObject({
      code: 'transport/clock',
      message: expect.stringContaining('20 minutes behind'),
      details: { behind: expect.any(Number) },
    });
    expect(statesOf(reports)).not.toContain('online');
    expect(station.calls).toBeGreaterThan(0);
  });

  test('and ahead of it is told of as soon as the station refuses the greeting for its time', async () => {
    const { station, session, clocks } = await sceneWithPeer();
    station.script = async ({ kind, body, line, sender, receiver }) => {
      if (kind !== 'handshake') return true;
      const origin = { sender, receiver };
      const receipt = Receipt.create({
        text: 'Message not valid.',
        code: 'policy/expired',
        origin,
      });
      await station.say(line, receipt, sender);
      return body['session'] === undefined;
    };
    clocks.slept = HOUR;
    await session.start();
    await eventually(() => expect(session.report.error).toBeDefined());
    expect(session.report.error?.code).toBe('transport/clock');
  });
});

describe('logging in', () => {
  test('ends the attempt at once when the station refuses the greeting because there are too many', async () => {
    const { station, session } = await sceneWithPeer();
    station.script = async ({ kind, line, sender, receiver }) => {
      if (kind !== 'handshake') return true;
      const origin = { sender, receiver };
      const text = 'Too many logins.';
      await station.say(
        line,
        Receipt.create({ text, code: 'policy/rate-limited', origin }),
        sender,
      );
      return false;
    };
    await session.start();
    await eventually(() => expect(session.report.error).toBeDefined());
    expect(session.report.error?.code).toBe('policy/rate-limited');
  });

  test('is hello, proof, visa, location and report, in this order, before waiting messages', async () => {
    const { station, messenger, session, reports, hulk, moki } = await sceneWithPeer({
      agent: 'test 1.0',
      device: 'desk',
    });
    const delivery = await messenger.send(text('hi'), hulk.id);
    await session.start();
    await session.online();
    await eventually(() => expect(station.heard).toHaveLength(6));
    expect(station.summary).toEqual([
      'handshake station@anywhere',
      'handshake me',
      'documents everyone@everywhere',
      'login everyone@everywhere',
      'report me',
      'sealed hulk',
    ]);
    await eventually(() => expect(delivery.state).toBe('sent'));
    expect(statesOf(reports)).toEqual(['connecting', 'handshaking', 'online']);
    expect(session.report).toEqual({
      state: 'online',
      station: { host: 'station.example', port: 9394, id: station.id },
    });
    const place = { did: station.id, host: 'station.example', port: 9394 };
    expect(station.kinds('login')[0]?.body).toMatchObject({
      did: moki.id,
      agent: 'test 1.0',
      device: 'desk',
      station: place,
    });
    expect(station.kinds('report')[0]?.body).toMatchObject({ title: 'online' });
  });

  test('begins in the clear, with meta and visa, and the group inside the content only', async () => {
    const { station, session, moki } = await sceneWithPeer();
    await session.start();
    await session.online();
    const [hello, proof] = station.kinds('handshake');
    const { data, meta, visa, group, receiver } = (hello?.wire ?? {}) as Record<string, unknown>;
    expect({ group, receiver }).toEqual({ group: undefined, receiver: 'station@anywhere' });
    expect([meta, visa]).toEqual([expect.any(Object), expect.any(Object)]);
    expect(JSON.parse(data as string)).toMatchObject({
      title: 'Hello world!',
      group: 'stations@everywhere',
    });
    expect(JSON.parse(data as string)).not.toHaveProperty('session');
    // Only the station can read the proof.
    expect(proof?.wire['data']).not.toContain('Hello');
    expect(proof?.body).toMatchObject({ session: station.line.key });
    expect(hello?.sender.entity).toBe(moki.id.entity);
    // The visa goes up as the command that today's stations know (spec §9.5).
    const [visaUp] = station.kinds('documents');
    expect(JSON.parse(visaUp?.wire['data'] as string)).toMatchObject({ command: 'document' });
  });

  test('lets nothing but the handshake leave before the station has let us in', async () => {
    const { world, station, messenger, session, hulk } = await sceneWithPeer();
    withholdLogin(station);
    await session.start();
    await eventually(() => expect(station.heard).toHaveLength(2));
    const stranger = await world.join('monkey');
    await messenger.send(text('to hulk'), hulk.id);
    await messenger.send(text('to somebody unknown'), stranger.id);
    messenger.resume();
    await passQuietly(world, 20 * SECOND);
    expect(station.summary).toEqual(['handshake station@anywhere', 'handshake me']);
    await station.say(station.line, handshakeSuccess(station.line.key), whoSaidHello(station));
    await session.online();
    await eventually(() => expect(station.summary).toContain('sealed hulk'));
    expect(station.summary).toContain('meta station@anywhere');
    expect(station.summary.slice(2, 5)).toEqual([
      'documents everyone@everywhere',
      'login everyone@everywhere',
      'report me',
    ]);
  });

  test('starts again whenever the station asks, with force too, and messages wait meanwhile', async () => {
    const { world, station, messenger, session, reports, hulk } = await sceneWithPeer();
    await session.start();
    await session.online();
    await eventually(() => expect(station.kinds('report')).toHaveLength(1));
    withholdLogin(station);
    const user = whoSaidHello(station);
    await station.say(station.line, handshakeAgain('another key', { force: true }), user);
    await eventually(() => expect(station.kinds('handshake')).toHaveLength(3));
    expect(session.report.state).toBe('handshaking');
    const before = station.heard.length;
    await messenger.send(text('hi'), hulk.id);
    messenger.resume();
    await passQuietly(world);
    expect(station.heard).toHaveLength(before);
    expect(station.heard.at(-1)).toMatchObject({
      kind: 'handshake',
      body: { session: 'another key' },
    });
    await station.say(station.line, handshakeSuccess('another key'), user);
    await session.online();
    await eventually(() => expect(station.summary.at(-1)).toBe('sealed hulk'));
    // The visa is the same, the place is told again.
    expect(station.kinds('documents')).toHaveLength(1);
    expect(station.kinds('login')).toHaveLength(2);
    expect(statesOf(reports)).toEqual([
      'connecting',
      'handshaking',
      'online',
      'handshaking',
      'online',
    ]);
  });

  test('tells its place again every five minutes, and its visa when it is another one', async () => {
    const { world, station, messenger, session, moki } = await sceneWithPeer();
    await session.start();
    await session.online();
    await eventually(() => expect(station.kinds('report')).toHaveLength(1));
    for (const times of [2, 3]) {
      await world.pass(300 * SECOND);
      await eventually(() => expect(station.kinds('login')).toHaveLength(times));
    }
    expect(station.kinds('documents')).toHaveLength(1);
    await messenger.facebook.rotateMessageKey(moki.id);
    await eventually(() => expect(station.kinds('documents')).toHaveLength(2));
  });

  test('accepts a station of 0.8, which does not repeat the key', async () => {
    const { station, session } = await sceneWithPeer();
    station.script = async ({ body, sender, line }) => {
      if (body['session'] === undefined) return false;
      const { session: _, ...success } = handshakeSuccess('').body;
      await station.say(line, { kind: 'handshake', body: success }, sender);
      return true;
    };
    await session.start();
    await session.online();
  });

  test('fails when the station does not answer in time, and is tried again', async () => {
    const { world, station, session, reports } = await sceneWithPeer();
    station.script = () => true;
    await session.start();
    await eventually(() => expect(station.heard).toHaveLength(1));
    await world.pass(29 * SECOND);
    expect(session.report.state).toBe('handshaking');
    await world.pass(2 * SECOND);
    await eventually(() => expect(session.report.state).toBe('waiting'));
    await world.pass(2 * SECOND);
    await eventually(() => expect(station.calls).toBe(2));
    expect(reports.find(({ state }) => state === 'waiting')?.error?.code).toBe('transport/timeout');
  });

  test('ends the connection of a station that asks again and again', async () => {
    const { station, session, reports } = await sceneWithPeer();
    let asked = 0;
    station.script = async ({ body, sender, line }) => {
      if (body['session'] === undefined) return false;
      asked += 1;
      await station.say(line, handshakeAgain(`key ${asked}`), sender);
      return true;
    };
    await session.start();
    await eventually(() => expect(reports.map(({ state }) => state)).toContain('waiting'));
    expect(reports.at(-1)?.error?.code).toBe('policy/rate-limited');
    expect(asked).toBeLessThanOrEqual(8);
  });

  test('stays closed while a station asks again during the announcements', async () => {
    const { world, station, messenger, session, hulk, moki } = await sceneWithPeer();
    const set = moki.durable.set.bind(moki.durable);
    const writing = vi.spyOn(moki.durable, 'set').mockImplementation(async (key, value) => {
      // Which station was found here: it takes long to write.
      if (key[0] === 'station') await new Promise((resolve) => setTimeout(resolve, 200));
      await set(key, value);
    });
    station.script = async ({ kind, body, sender, line }) => {
      if (kind !== 'handshake' || body['session'] === undefined) return false;
      if (body['session'] !== line.key) return true;
      await station.say(line, handshakeSuccess(line.key), sender);
      await station.say(line, handshakeAgain('another key'), sender);
      return true;
    };
    await messenger.send(text('hi'), hulk.id);
    await session.start();
    await eventually(() => expect(station.kinds('handshake')).toHaveLength(3));
    await passQuietly(world);
    expect(writing).toHaveBeenCalledWith(['station', 'station.example:9394'], expect.anything());
    expect(session.report.state).toBe('handshaking');
    expect(station.summary).not.toContain('sealed hulk');
    await station.say(station.line, handshakeSuccess('another key'), moki.id);
    await session.online();
    await eventually(() => expect(station.summary).toContain('sealed hulk'));
  });

  test('answers once to a station that asks for each message which was under way', async () => {
    const { world, station, session, reports } = await sceneWithPeer();
    await session.start();
    await session.online();
    await eventually(() => expect(station.kinds('report')).toHaveLength(1));
    withholdLogin(station);
    const user = whoSaidHello(station);
    for (let message = 0; message < 12; message++) {
      await station.say(station.line, handshakeAgain('new key', { force: true }), user);
    }
    await eventually(() => expect(station.kinds('handshake')).toHaveLength(3));
    await passQuietly(world);
    await station.say(station.line, handshakeSuccess('new key'), user);
    await eventually(() => expect(session.report.state).toBe('online'));
    expect(station.kinds('handshake')).toHaveLength(3);
    expect(statesOf(reports).slice(2)).toEqual(['online', 'handshaking', 'online']);
  });

  test('fails for a session key that is none', async () => {
    const { station, session, reports } = await sceneWithPeer();
    station.script = async ({ sender, line }) => {
      await station.say(line, handshakeAgain('k'.repeat(1025)), sender);
      return true;
    };
    await session.start();
    await eventually(() => expect(reports.at(-1)?.error?.code).toBe('transport/protocol'));
  });
});

/** Who has said hello. */
function whoSaidHello(station: ScriptedStation) {
  const [hello] = station.heard;
  if (hello === undefined) expect.unreachable();
  return hello.sender;
}
