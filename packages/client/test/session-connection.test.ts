import { backOff } from '@dimp/endpoint';
import { ProtocolError } from '@dimp/foundation';
import { tabs } from '@dimp/testing/stores';
import { describe, expect, test } from 'vitest';
import { type Delivery, Facebook, Messenger } from '../src/index.ts';
import { protocol } from './people.ts';
import {
  eventually,
  type Heard,
  newProgram,
  type newScene,
  newSession,
  newStation,
  onlineScene,
  type ScriptedStation,
  sceneWithPeer,
  statesOf,
} from './scripted-station.ts';
import { type Client, text, World } from './world.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;

/** Lets time pass until something is so. */
async function passUntil(world: World, check: () => void): Promise<void> {
  for (let steps = 0; ; steps++) {
    try {
      return check();
    } catch (error) {
      if (steps === 2000) throw error;
    }
    await world.pass(200);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const refused = async (): Promise<never> => {
  throw new ProtocolError('transport/refused', 'nobody is there');
};

/** Hands messages for a client to its program, and its answers to the others. */
function relay(station: ScriptedStation, to: Client): void {
  station.script = async ({ kind, receiver, bytes, line }: Heard) => {
    if (kind !== 'sealed' || receiver.entity !== to.id.entity) return false;
    for (const answer of await to.messenger.receivedPackage(bytes)) {
      line.transport.send(answer).catch(() => undefined);
    }
    return true;
  };
}

describe('a connection that is lost', () => {
  const steps: Record<string, (heard: Heard) => boolean> = {
    'after hello': ({ kind, body }) => kind === 'handshake' && body['session'] === undefined,
    'after the proof': ({ kind, body }) => kind === 'handshake' && body['session'] !== undefined,
    'after the visa': ({ kind }) => kind === 'documents',
    'after the place': ({ kind }) => kind === 'login',
    'after the report': ({ kind }) => kind === 'report',
    'after a message': ({ kind }) => kind === 'sealed',
  };
  test.each(Object.entries(steps))('%s is made again, and nothing is lost', async (_, step) => {
    const { world, station, messenger, session, hulk } = await sceneWithPeer();
    relay(station, hulk);
    const { script } = station;
    let lost = 0;
    station.acknowledges = (heard) => lost > 0 || !heard.some(step);
    station.script = async (heard) => {
      if (lost > 0 || !step(heard)) return script(heard);
      lost += 1;
      heard.line.transport.lose();
      return true;
    };
    const delivery = await messenger.send(text('hi'), hulk.id);
    await session.start();
    await passUntil(world, () => expect(delivery.state).toBe('received'));
    expect(lost).toBe(1);
    expect(station.calls).toBe(2);
    expect(hulk.shown).toEqual(['hi']);
  });

  test('in the middle of many messages loses none, and they are shown once and in order', async () => {
    const { world, station, messenger, session, hulk } = await onlineScene();
    relay(station, hulk);
    const { script } = station;
    let sealed = 0;
    station.script = (heard) => {
      if (heard.kind !== 'sealed') return script(heard);
      sealed += 1;
      if (sealed === 7 || sealed === 30) {
        heard.line.transport.lose();
        return true;
      }
      return script(heard);
    };
    // Some of what has arrived is not acknowledged, so it comes again.
    station.acknowledges = () => sealed % 3 !== 0 || sealed > 30;
    const words = Array.from({ length: 40 }, (_, index) => `message ${index}`);
    const deliveries: Delivery[] = [];
    for (const each of words) deliveries.push(await messenger.send(text(each), hulk.id));
    await passUntil(world, () => {
      expect(deliveries.filter(({ state }) => state !== 'received')).toEqual([]);
    });
    expect(hulk.shown).toEqual(words);
    expect(session.report.state).toBe('online');
    expect(sealed).toBeGreaterThan(40);
    expect(station.calls).toBe(3);
  });

  test('tells so, with when it is tried again; and a good one is the first failure again', async () => {
    const { world, station, reports } = await onlineScene();
    await world.pass(60 * SECOND);
    station.line.transport.lose();
    await eventually(() => expect(reports.at(-1)?.state).toBe('waiting'));
    const report = reports.at(-1);
    expect(report?.error?.code).toBe('transport/closed');
    const pause = (report?.until ?? 0) - world.time.now();
    expect(pause).toBeGreaterThanOrEqual(0);
    expect(pause).toBeLessThanOrEqual(1000);
    await passUntil(world, () => expect(reports.at(-1)?.state).toBe('online'));
    expect(reports.at(-1)).not.toHaveProperty('error');
    expect(reports.filter(({ state }) => state === 'connecting').at(-1)?.error?.code).toBe(
      'transport/closed',
    );
  });
});

describe('stations that cannot be reached', () => {
  test('are tried one after the other, and again later and later', async () => {
    const world = new World();
    const moki = await world.join('moki');
    const stations = [await newStation(world, 'one'), await newStation(world, 'two')];
    for (const each of stations) each.refuse = refused;
    const messenger = await newProgram(world, moki);
    const { session, reports } = newSession(messenger, stations);
    await session.start();
    for (let round = 1; round <= 9; round++) {
      await eventually(() => {
        expect(reports.filter(({ state }) => state === 'waiting')).toHaveLength(round);
      });
      // Both have been tried, without a pause between them.
      expect(stations.map(({ calls }) => calls)).toEqual([round, round]);
      const pause = (reports.at(-1)?.until ?? 0) - world.time.now();
      expect(pause).toBeGreaterThanOrEqual(0);
      expect(pause).toBeLessThanOrEqual(Math.min(1000 * 2 ** (round - 1), 60_000));
      await world.pass(pause + 1);
    }
    const [, two] = stations;
    expect(reports.at(-1)?.error?.code).toBe('transport/refused');
    if (two !== undefined) two.refuse = undefined;
    await passUntil(world, () => expect(reports.at(-1)?.state).toBe('online'));
    expect(session.report.station?.host).toBe('two.example');
  });

  test('pauses are anything up to their limit', () => {
    const random = (...bytes: number[]) => ({ bytes: () => Uint8Array.of(...bytes) });
    for (const failures of [1, 2, 3, 7, 8, 1e9]) {
      const limit = Math.min(1000 * 2 ** (failures - 1), 60_000);
      expect(backOff(failures, random(0, 0))).toBe(0);
      expect(backOff(failures, random(128, 0))).toBe(limit / 2);
      expect(backOff(failures, random(255, 255))).toBeLessThan(limit);
      expect(backOff(failures, random(255, 255))).toBeGreaterThan(limit * 0.99);
    }
  });

  test('are given 30 seconds to answer; one that answers later is hung up on', async () => {
    const { world, station, session, reports } = await sceneWithPeer();
    let pickUp = (): void => {};
    const { connect, host, port } = station;
    let signal: AbortSignal | undefined;
    const slow = newSession(await newProgram(world, await world.join('hulk')), [], {
      stations: [
        {
          host,
          port,
          connect: async (context) => {
            signal = context.signal;
            await new Promise<void>((resolve) => {
              pickUp = resolve;
            });
            return connect(context);
          },
        },
      ],
    });
    await slow.session.start();
    await eventually(() => expect(signal).toBeDefined());
    await world.pass(29 * SECOND);
    expect(slow.session.report.state).toBe('connecting');
    await world.pass(2 * SECOND);
    await eventually(() => expect(slow.session.report.state).toBe('waiting'));
    expect(slow.session.report.error?.code).toBe('transport/timeout');
    expect(signal?.aborted).toBe(true);
    await slow.session.stop();
    pickUp();
    await eventually(() => expect(station.lines).toHaveLength(1));
    const { value, done } = await station.line.transport.incoming[Symbol.asyncIterator]().next();
    expect([value, done]).toEqual([undefined, true]);
    expect([session.report.state, reports]).toEqual(['offline', []]);
  });

  test('any error of a transport is reported with a code', async () => {
    const { station, session, reports } = await sceneWithPeer();
    station.refuse = async () => {
      throw new Error('something of the platform');
    };
    await session.start();
    await eventually(() => expect(reports.at(-1)?.state).toBe('waiting'));
    expect(reports.at(-1)?.error?.code).toBe('transport/closed');
  });
});

describe('the next attempt comes at once', () => {
  const ways = {
    'when the program says so': ({ session }) => session.retryNow(),
    'when the network is back': ({ messenger }) => messenger.resume(),
  } satisfies Record<string, (scene: Awaited<ReturnType<typeof newScene>>) => void>;
  test.each(Object.entries(ways))('%s', async (_, act) => {
    const made = await sceneWithPeer();
    const { station, session } = made;
    station.refuse = refused;
    await session.start();
    await eventually(() => expect(session.report.state).toBe('waiting'));
    station.refuse = undefined;
    act(made);
    await session.online();
    expect(station.calls).toBe(2);
  });

  test('when the computer has slept, although the connection seems to be there', async () => {
    const { world, station, session, clocks, reports } = await onlineScene();
    await world.pass(60 * SECOND);
    expect(station.calls).toBe(1);
    clocks.slept = HOUR;
    await world.pass(11 * SECOND);
    await eventually(() =>
      expect(statesOf(reports).filter((each) => each === 'online')).toHaveLength(2),
    );
    expect(session.report.state).toBe('online');
    expect(station.calls).toBe(2);
    expect(reports.map(({ state }) => state)).not.toContain('waiting');
    await world.pass(60 * SECOND);
    expect(station.calls).toBe(2);
  });

  test('when the computer has slept while the session waited', async () => {
    const { world, station, session, clocks } = await sceneWithPeer();
    station.refuse = refused;
    await session.start();
    // Until the pause is longer than the clock is looked at.
    let until = 0;
    for (let round = 0; until - world.time.now() < 20 * SECOND; round++) {
      await eventually(() => expect(session.report.state).toBe('waiting'));
      until = session.report.until ?? 0;
      if (until - world.time.now() < 20 * SECOND) {
        await world.pass(until - world.time.now() + 1);
        await eventually(() => expect(session.report.until).not.toBe(until));
      }
      if (round > 100) expect.unreachable();
    }
    station.refuse = undefined;
    clocks.slept = HOUR;
    await world.pass(11 * SECOND);
    await session.online();
    expect(world.time.now()).toBeLessThan(until);
  });
});

test('of two tabs on one store, only the one that leads connects', async () => {
  const world = new World();
  const shared = tabs();
  const moki = await world.join('moki', { store: shared.open() });
  await moki.messenger.close();
  const station = await newStation(world);
  const open = () => {
    const facebook = new Facebook({ protocol, store: shared.open(), clock: world.time });
    const messenger = new Messenger({ facebook, timers: world.time });
    return { messenger, ...newSession(messenger, [station]) };
  };
  const [one, two] = [open(), open()];
  await one.session.start();
  await one.session.online();
  await two.session.start();
  await world.pass(60 * SECOND);
  expect(statesOf(two.reports)).toEqual(['offline']);
  expect(station.calls).toBe(1);
  await one.session.stop();
  await one.messenger.close();
  await two.session.online();
  expect(station.calls).toBe(2);
  await two.session.stop();
  await two.messenger.close();
});
