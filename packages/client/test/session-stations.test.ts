import {
  DocumentsCommand,
  handshakeAgain,
  handshakeSuccess,
  Login,
  receiptFor,
} from '@dimp/extensions/commands';
import { Forward } from '@dimp/extensions/contents';
import { EVERYONE } from '@dimp/mkm';
import { describe, expect, test } from 'vitest';
import { protocol } from './people.ts';
import {
  eventually,
  newProgram,
  newSession,
  newStation,
  passQuietly,
  type ScriptedStation,
  sceneWithPeer,
  withholdLogin,
} from './scripted-station.ts';
import { type Client, tell, text } from './world.ts';

const SECOND = 1000;

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

/** The station accepts messages for another user, reports that it has delivered them, and drops them. */
function dropAndSayDelivered(station: ScriptedStation, sender: Client): void {
  station.script = async ({ kind, wire, line }) => {
    if (kind !== 'sealed') return false;
    const { envelope, signature } = protocol.parseMessage(wire);
    await station.say(line, receiptFor(envelope, 'Message delivered.', { signature }), sender.id);
    return true;
  };
}

describe('a station that says to deliver, and drops', () => {
  test('is left for the next one, which gets the unconfirmed messages', async () => {
    const { world, moki, hulk, station, messenger } = await sceneWithPeer();
    const other = await newStation(world, 'other');
    dropAndSayDelivered(station, moki);
    const { session, reports } = newSession(messenger, [station, other]);
    await session.start();
    await session.online();
    const delivery = await messenger.send(text('hi'), hulk.id);
    await eventually(() => expect(delivery.state).toBe('delivered'));
    // Offered again there first: the receiver may have been away.
    await world.pass(2.5 * 60 * 60 * SECOND);
    expect(station.kinds('sealed')).toHaveLength(2);
    expect(other.calls).toBe(0);
    await world.pass(1.4 * 60 * 60 * SECOND);
    // A handshake takes real time and may take half a minute: virtual time stops as soon as it begins.
    for (let passed = 0; passed < 3600 && other.calls === 0; passed += 10) {
      await world.pass(10 * SECOND);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await eventually(() => expect(other.kinds('sealed')).toHaveLength(1));
    expect(reports.at(-1)?.station?.host).toBe(other.host);
    expect(station.calls).toBe(1);
    await session.stop();
  });
});

describe('the station at an address', () => {
  test('has to be the one that was there the first time', async () => {
    const { world, moki, station, session, messenger } = await sceneWithPeer();
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
    // From then on it is that one, also in later runs of the program.
    await messenger.close();
    const later = await newProgram(world, moki);
    const last = newSession(later, [other]);
    await last.session.start();
    await last.session.online();
  });

  test('must be the one that was named, even if another one was there before', async () => {
    const { world, station, session, messenger, hulk } = await sceneWithPeer();
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
    const { world, hulk, moki, messenger, session, station } = await sceneWithPeer();
    await tell(hulk, moki);
    station.script = async ({ body, sender, line }) => {
      if (body['session'] !== undefined) expect.unreachable();
      await station.say(line, handshakeAgain('key'), sender, hulk);
      return true;
    };
    await session.start();
    await eventually(() => expect(station.heard).toHaveLength(1));
    await passQuietly(world);
    await messenger.idle();
    expect(station.heard).toHaveLength(1);
    expect(session.report.state).toBe('handshaking');
  });

  test('is the only one whose steps count, also inside what it forwards', async () => {
    const { world, station, moki, session, messenger, hulk } = await sceneWithPeer();
    const evil = await newStation(world, 'evil');
    await tell(evil.client, moki);
    withholdLogin(station);
    await session.start();
    await eventually(() => expect(station.heard).toHaveLength(2));
    // Another station passes us on to itself, or lets us in where it has nothing to say.
    await station.say(station.line, handshakeSuccess(station.line.key), moki.id, evil.client);
    await station.say(station.line, handshakeAgain('evil key'), moki.id, evil.client);
    await passQuietly(world);
    expect(session.report.state).toBe('handshaking');
    expect(station.heard).toHaveLength(2);
    await station.say(station.line, handshakeSuccess('wrong key'), moki.id);
    await passQuietly(world);
    expect(session.report.state).toBe('handshaking');
    const inside = await forwarded(station.client, handshakeSuccess(station.line.key), moki);
    await station.say(station.line, inside, moki.id);
    await passQuietly(world);
    expect(session.report.state).toBe('handshaking');
    await station.say(station.line, handshakeSuccess(station.line.key), moki.id);
    await session.online();
    const before = station.kinds('handshake').length;
    await station.say(station.line, handshakeAgain('evil key'), moki.id, evil.client);
    const other = await forwarded(evil.client, handshakeAgain('evil key'), moki);
    await station.say(station.line, other, moki.id);
    await messenger.send(text('hi'), hulk.id);
    await eventually(() => expect(station.summary).toContain('sealed hulk'));
    await passQuietly(world);
    expect(session.report.state).toBe('online');
    expect(station.kinds('handshake')).toHaveLength(before);
  });

  test('is not one whose message is forwarded while the station is not known', async () => {
    const { world, station, moki, session } = await sceneWithPeer();
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

describe('commands that a station passes on', () => {
  test('of the logins of other users are accepted without an answer', async () => {
    const { world, station, session, messenger } = await sceneWithPeer();
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
    await passQuietly(world);
    expect([unhandled, refused]).toEqual([[], []]);
    expect(station.summary.filter((each) => each.startsWith('receipt'))).toEqual([]);
  });
});
