import {
  DocumentsCommand,
  handshakeAgain,
  handshakeSuccess,
  Login,
} from '@dimp/extensions/commands';
import { Forward } from '@dimp/extensions/contents';
import { EVERYONE } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import {
  eventually,
  newProgram,
  newScene,
  newSession,
  newStation,
  type ScriptedStation,
  statesOf,
} from './scripted-station.ts';
import { type Client, tell, text, World } from './world.ts';

const SECOND = 1000;

async function scene(options: Parameters<typeof newScene>[1] = {}) {
  const world = new World();
  const hulk = await world.join('hulk');
  const made = await newScene(world, options);
  await tell(made.moki, hulk);
  return { ...made, hulk };
}

/** Lets time pass in which nothing must happen. */
async function quiet(world: World, milliseconds = 5 * SECOND): Promise<void> {
  await world.pass(milliseconds);
  await new Promise((resolve) => setTimeout(resolve, 50));
}

/** The station hears the proof and says nothing. */
function withhold(station: ScriptedStation): void {
  station.script = ({ body }) => body['session'] !== undefined;
}

/** A message of a station inside another one's. */
async function forwarded(
  of: Client,
  draft: Parameters<Client['messenger']['pack']>[0],
  to: Client,
) {
  const attach = { attachMeta: true, attachVisa: true };
  const message = await of.messenger.pack(draft, to.id, attach);
  if ('status' in message) expect.unreachable();
  return Forward.create({ messages: [message.wire] });
}

describe('logging in', () => {
  test('is hello, proof, visa, place and report, in this order; and only then goes what waits', async () => {
    const { station, messenger, session, reports, hulk, moki } = await scene({
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
    const { station, session, moki } = await scene();
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
    // The proof can be read by nobody but the station.
    expect(proof?.wire['data']).not.toContain('Hello');
    expect(proof?.body).toMatchObject({ session: station.line.key });
    expect(hello?.sender.entity).toBe(moki.id.entity);
    // The visa goes up as the command that today's stations know (spec §9.5).
    const [visaUp] = station.kinds('documents');
    expect(JSON.parse(visaUp?.wire['data'] as string)).toMatchObject({ command: 'document' });
  });

  test('lets nothing but the handshake leave before the station has let us in', async () => {
    const { world, station, messenger, session, hulk } = await scene();
    withhold(station);
    await session.start();
    await eventually(() => expect(station.heard).toHaveLength(2));
    const stranger = await world.join('monkey');
    await messenger.send(text('to hulk'), hulk.id);
    await messenger.send(text('to somebody unknown'), stranger.id);
    messenger.resume();
    await quiet(world, 20 * SECOND);
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
    const { world, station, messenger, session, reports, hulk } = await scene();
    await session.start();
    await session.online();
    await eventually(() => expect(station.kinds('report')).toHaveLength(1));
    withhold(station);
    const user = whoSaidHello(station);
    await station.say(station.line, handshakeAgain('another key', { force: true }), user);
    await eventually(() => expect(station.kinds('handshake')).toHaveLength(3));
    expect(session.report.state).toBe('handshaking');
    const before = station.heard.length;
    await messenger.send(text('hi'), hulk.id);
    messenger.resume();
    await quiet(world);
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
    const { world, station, messenger, session, moki } = await scene();
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
    const { station, session } = await scene();
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
    const { world, station, session, reports } = await scene();
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
    const { station, session, reports } = await scene();
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

  test('fails for a session key that is none', async () => {
    const { station, session, reports } = await scene();
    station.script = async ({ sender, line }) => {
      await station.say(line, handshakeAgain('k'.repeat(1025)), sender);
      return true;
    };
    await session.start();
    await eventually(() => expect(reports.at(-1)?.error?.code).toBe('transport/protocol'));
  });
});

describe('the station at an address', () => {
  test('has to be the one that was there the first time', async () => {
    const { world, moki, station, session, messenger } = await scene();
    await session.start();
    await session.online();
    await session.stop();
    const other = await newStation(world, 'other', station.host);
    const again = newSession(messenger, [other]);
    await again.session.start();
    await eventually(() => expect(again.reports.at(-1)?.state).toBe('waiting'));
    expect(again.reports.at(-1)?.error?.code).toBe('policy/unauthorized');
    // It gets no answer, which it could pass on.
    expect(other.summary).toEqual(['handshake station@anywhere']);
    await again.session.stop();
    const trusting = newSession(messenger, [other], { trustNewStation: true });
    await trusting.session.start();
    await trusting.session.online();
    await trusting.session.stop();
    // From then on it is that one, in later lives of the program too.
    const later = await newProgram(world, moki);
    const last = newSession(later, [other]);
    await last.session.start();
    await last.session.online();
  });

  test('has to be the one that was named, whoever was there before', async () => {
    const { world, station, session, messenger, hulk } = await scene();
    await session.start();
    await session.online();
    await session.stop();
    const other = await newStation(world, 'other');
    const { connect, host, port } = station;
    const named = (id: typeof hulk.id) =>
      newSession(messenger, [], { stations: [{ connect, host, port, id }] });
    const wrong = named(other.id);
    await wrong.session.start();
    await eventually(() => expect(wrong.reports.at(-1)?.error?.code).toBe('policy/unauthorized'));
    await wrong.session.stop();
    const right = named(station.id);
    await right.session.start();
    await right.session.online();
  });

  test('has to be a station', async () => {
    const { world, hulk, moki, messenger, session, station } = await scene();
    await tell(hulk, moki);
    station.script = async ({ body, sender, line }) => {
      if (body['session'] !== undefined) expect.unreachable();
      await station.say(line, handshakeAgain('key'), sender, hulk);
      return true;
    };
    await session.start();
    await eventually(() => expect(station.heard).toHaveLength(1));
    await quiet(world);
    await messenger.idle();
    expect(station.heard).toHaveLength(1);
    expect(session.report.state).toBe('handshaking');
  });

  test('is the only one whose steps count, also inside what it forwards', async () => {
    const { world, station, moki, session, messenger, hulk } = await scene();
    const evil = await newStation(world, 'evil');
    await tell(evil.client, moki);
    withhold(station);
    await session.start();
    await eventually(() => expect(station.heard).toHaveLength(2));
    // Another station passes us on to itself, or lets us in where it has nothing to say.
    await station.say(station.line, handshakeSuccess(station.line.key), moki.id, evil.client);
    await station.say(station.line, handshakeAgain('evil key'), moki.id, evil.client);
    await quiet(world);
    expect(session.report.state).toBe('handshaking');
    expect(station.heard).toHaveLength(2);
    await station.say(station.line, handshakeSuccess('wrong key'), moki.id);
    await quiet(world);
    expect(session.report.state).toBe('handshaking');
    const inside = await forwarded(station.client, handshakeSuccess(station.line.key), moki);
    await station.say(station.line, inside, moki.id);
    await quiet(world);
    expect(session.report.state).toBe('handshaking');
    await station.say(station.line, handshakeSuccess(station.line.key), moki.id);
    await session.online();
    const before = station.kinds('handshake').length;
    await station.say(station.line, handshakeAgain('evil key'), moki.id, evil.client);
    const other = await forwarded(evil.client, handshakeAgain('evil key'), moki);
    await station.say(station.line, other, moki.id);
    await messenger.send(text('hi'), hulk.id);
    await eventually(() => expect(station.summary).toContain('sealed hulk'));
    await quiet(world);
    expect(session.report.state).toBe('online');
    expect(station.kinds('handshake')).toHaveLength(before);
  });

  test('is not whoever is forwarded while nobody knows who it is', async () => {
    const { world, station, moki, session } = await scene();
    const evil = await newStation(world, 'evil');
    await tell(evil.client, moki);
    await tell(station.client, moki);
    let first = true;
    station.script = async ({ line }) => {
      if (!first) return false;
      first = false;
      const inside = await forwarded(evil.client, handshakeAgain('evil key'), moki);
      await station.say(line, inside, moki.id);
      return false;
    };
    await session.start();
    await session.online();
    expect(session.report.station?.id?.entity).toBe(station.id.entity);
    expect(station.kinds('handshake')).toHaveLength(2);
  });
});

describe('what a station passes on', () => {
  test('with an answer, where somebody has logged in, is taken quietly', async () => {
    const { world, station, session, messenger } = await scene();
    const unhandled: string[] = [];
    const refused: string[] = [];
    messenger.on('unhandled', ({ content }) => unhandled.push(content.kind));
    messenger.on('refused', ({ error }) => refused.push(error.code));
    const monkey = await world.join('monkey');
    await tell(station.client, monkey);
    station.script = async ({ kind, body, sender, line }) => {
      if (kind !== 'documents' || body['documents'] !== undefined) return false;
      const meta = (await station.client.facebook.meta(monkey.id))?.wire ?? {};
      const visa = (await station.client.facebook.document(monkey.id))?.wire ?? {};
      const answer = DocumentsCommand.create({ did: monkey.id, meta, documents: [visa] });
      await station.say(line, answer, sender);
      const login = Login.create({ did: monkey.id, station: { did: station.id } });
      const message = await monkey.messenger.pack(login, EVERYONE);
      if ('status' in message) expect.unreachable();
      await station.say(line, Forward.create({ messages: [message.wire] }), sender);
      return true;
    };
    await session.start();
    const delivery = await messenger.send(text('hi'), monkey.id);
    await eventually(() => expect(delivery.state).toBe('sent'));
    await quiet(world);
    expect([unhandled, refused]).toEqual([[], []]);
    expect(station.summary.filter((each) => each.startsWith('receipt'))).toEqual([]);
  });
});

/** Who has said hello. */
function whoSaidHello(station: ScriptedStation) {
  const [hello] = station.heard;
  if (hello === undefined) expect.unreachable();
  return hello.sender;
}
