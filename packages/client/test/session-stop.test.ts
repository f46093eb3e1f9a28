import { asyncDisposeSymbol, ProtocolError } from '@dimp/foundation';
import { describe, expect, test } from 'vitest';
import {
  eventually,
  newScene,
  newSession,
  onlineScene,
  sceneWithPeer,
} from './scripted-station.ts';
import { text, World } from './world.ts';

const SECOND = 1000;

const refused = async (): Promise<never> => {
  throw new ProtocolError('transport/refused', 'nobody is there');
};

describe('stop', () => {
  test('tells the station that the user is offline, and closes the connection; start begins again', async () => {
    const { station, session, reports, failed, messenger, hulk } = await onlineScene();
    await session.stop();
    expect(station.heard.at(-1)).toMatchObject({ kind: 'report', body: { title: 'offline' } });
    expect(session.report).toEqual({ state: 'stopped' });
    await expect(session.online()).rejects.toMatchObject({ code: 'state/stopped' });
    expect(failed).toEqual([]);
    const delivery = await messenger.send(text('hi'), hulk.id);
    await session.start();
    await session.online();
    await eventually(() => expect(delivery.state).toBe('sent'));
    await session[asyncDisposeSymbol]();
    await session.stop();
    expect(reports.at(-1)?.state).toBe('stopped');
  });

  test('does not wait longer than some seconds for a station that takes nothing any more', async () => {
    const { world, station, session } = await onlineScene();
    station.acknowledges = () => false;
    const stopping = session.stop();
    let over = false;
    void stopping.then(() => {
      over = true;
    });
    await eventually(() => expect(station.kinds('report')).toHaveLength(2));
    expect(over).toBe(false);
    await world.pass(2 * SECOND);
    await stopping;
  });

  test.each(['connecting', 'handshaking', 'waiting'] as const)('works while %s', async (state) => {
    const { station, session, reports } = await sceneWithPeer();
    if (state === 'waiting') station.refuse = refused;
    if (state === 'connecting') station.refuse = () => new Promise<never>(() => {});
    station.script = () => true;
    await session.start();
    await eventually(() => expect(session.report.state).toBe(state));
    const waiting = session.online();
    waiting.catch(() => undefined);
    await session.stop();
    await expect(waiting).rejects.toMatchObject({ code: 'state/stopped' });
    expect(reports.at(-1)?.state).toBe('stopped');
  });

  test('happens when the signal aborts, and when the messenger is disposed of', async () => {
    const stop = new AbortController();
    const first = await onlineScene({ signal: stop.signal });
    stop.abort();
    await eventually(() => expect(first.session.report.state).toBe('stopped'));
    await expect(first.session.start()).rejects.toMatchObject({ name: 'AbortError' });
    const second = await onlineScene();
    await second.messenger.close();
    await eventually(() => expect(second.session.report.state).toBe('stopped'));
    expect(second.station.calls).toBe(1);
    await expect(second.session.start()).rejects.toMatchObject({ code: 'state/stopped' });
  });

  test('waiting for it to be online ends with its signal', async () => {
    const { session } = await sceneWithPeer();
    const stop = new AbortController();
    const waiting = session.online(stop.signal);
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    await expect(session.online(AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });
});

test('a session needs a station and a user', async () => {
  const world = new World();
  const { messenger, station } = await newScene(world);
  expect(() => newSession(messenger, [])).toThrow(RangeError);
  const stranger = await world.join('hulk');
  const { session } = newSession(messenger, [station], { user: stranger.id });
  await expect(session.start()).rejects.toMatchObject({ code: 'identity/not-found' });
});
