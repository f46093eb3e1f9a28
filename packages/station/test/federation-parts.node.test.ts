import { Facebook } from '@dimp/client';
import { isWaiting, silentLogger } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { Text } from '@dimp/extensions/contents';
import { type Json, type JsonObject, ProtocolError } from '@dimp/foundation';
import { EntityType, EVERYONE } from '@dimp/mkm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LoginRecord } from '../src/directory/logins.ts';
import { RouteTable } from '../src/federation/route-table.ts';
import { MAX_TRACES, stationsIn } from '../src/federation/traces.ts';
import { Federation } from '../src/index.ts';
import { NeighbourRate } from '../src/ingress/neighbour-rate.ts';
import { Place, until } from './support/federated-stations.ts';
import { newPerson, protocol } from './support/test-users.ts';

const { parseID } = protocol;
const wireOf = (traces: Json): { wire: JsonObject } => ({ wire: { traces } });

test('traces are read as texts and as objects, and an unreadable one counts as a station', async () => {
  const { id } = await newPerson('gsp', { network: EntityType.Station });
  const traces = [id.text, { ID: id.text, time: 1 }, { did: id.text }, 7, null, {}, 'not an ID'];
  expect(stationsIn(wireOf(traces), 'traces', parseID)).toEqual([
    ...[id.entity, id.entity, id.entity],
    ...[undefined, undefined, undefined, undefined],
  ]);
  expect(stationsIn(wireOf(traces), 'recipients', parseID)).toEqual([]);
});

test('reading any traces neither fails nor takes long', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const found = stationsIn(wireOf(value as Json), 'traces', parseID);
      expect(found.length).toBe(Array.isArray(value) ? Math.min(value.length, MAX_TRACES + 1) : 0);
    }),
  );
  const many = new Array<Json>(100_000).fill('x');
  expect(stationsIn(wireOf(many), 'traces', parseID)).toHaveLength(MAX_TRACES + 1);
});

test('a route that is not in memory is read once, and all callers are told', async () => {
  const [hulk, moki] = [await newPerson('hulk'), await newPerson('moki')];
  const gsp = await newPerson('gsp', { network: EntityType.Station });
  const record: LoginRecord = { time: 1, command: {}, message: {}, station: gsp.id };
  const asked: string[] = [];
  const found: string[] = [];
  const routes = new RouteTable({
    logins: {
      async get(user) {
        asked.push(user.text);
        return user.entity === hulk.id.entity ? record : undefined;
      },
    },
    logger: silentLogger,
    onFound: (user) => void found.push(user.text),
  });
  for (const user of [hulk.id, hulk.id, moki.id]) expect(routes.get(user)).toBeUndefined();
  await until(() => routes.get(hulk.id) !== undefined);
  expect(routes.get(hulk.id)).toEqual({ time: 1, station: gsp.id });
  expect(routes.get(moki.id)).toBeUndefined();
  expect(asked).toEqual([hulk.id.text, moki.id.text]);
  expect(found).toEqual([hulk.id.text]);
});

test('a neighbour must be a station, and not the station itself', async () => {
  const gsp = await newPerson('gsp', { network: EntityType.Station });
  const moki = await newPerson('moki');
  const facebook = new Facebook({ protocol, store: memoryStore() });
  const { id } = gsp;
  expect(() => new Federation({ facebook, id, neighbours: [{ id }] })).toThrow(RangeError);
  expect(() => new Federation({ facebook, id, neighbours: [{ id: moki.id }] })).toThrow(
    expect.objectContaining({ code: 'unsupported/entity' }),
  );
});

test('a station with another ID than expected at an address is refused', async () => {
  const [a, b, impostor] = [
    await Place.make('a'),
    await Place.make('b'),
    await Place.make('impostor'),
  ];
  await a.start();
  await impostor.start([a.id]);
  const transport = await impostor.connect({ maxPayloadBytes: 1_000_000 });
  await expect(a.station.join(transport, b.id)).rejects.toMatchObject({
    code: 'policy/unauthorized',
  });
  expect(a.station.health().connections).toBe(0);
  await until(() => impostor.station.health().connections === 0);
});

test('a neighbour that floods is slowed down to its rate, and another one is not', async () => {
  const [gsp, other] = [
    await newPerson('gsp', { network: EntityType.Station }),
    await newPerson('other', { network: EntityType.Station }),
  ];
  const waits: number[] = [];
  const after = (delay: number, task: () => void): Disposable => {
    waits.push(delay);
    task();
    return { [Symbol.dispose]() {} };
  };
  const pace = new NeighbourRate({ now: () => 1000 }, { after });
  for (let count = 0; count < 50_000; count++) await pace.pass(gsp.id, 100);
  expect(waits).toEqual([]);
  for (let count = 0; count < 5000; count++) await pace.pass(gsp.id, 100);
  expect(waits).toHaveLength(5000);
  // 5,000 too many at 5,000 a second.
  expect(waits.at(-1)).toBeCloseTo(1000, -1);
  await pace.pass(other.id, 100);
  expect(waits).toHaveLength(5000);
});

test('a neighbour that accepts the login and takes no messages is logged once, and again when it takes some', async () => {
  const { facebook, id, messenger } = await newPerson('gsp', { network: EntityType.Station });
  const other = await newPerson('other', { network: EntityType.Station });
  const logged: string[] = [];
  const log = (event: string): void => void logged.push(event);
  const logger = { debug: log, info: log, warn: log, error: log };
  const federation = new Federation({ facebook, id, neighbours: [{ id: other.id }], logger });
  let taken = false;
  const relay = async (session: string, text: string): Promise<void> => {
    federation.joined({
      ...{ id: session, station: other.id, close() {} },
      async send() {
        if (!taken) throw new ProtocolError('transport/closed', 'the neighbour hangs up');
      },
      async sendDraft() {},
    });
    const message = await messenger.pack(Text.create({ text }), EVERYONE);
    if (isWaiting(message)) expect.unreachable();
    await federation.broadcast(message, messenger.serialize(message));
    await new Promise((resolve) => setTimeout(resolve, 50));
    federation.left(session);
  };
  for (const session of ['1', '2', '3', '4']) await relay(session, `futile ${session}`);
  expect(logged).toEqual(['neighbour.joined', 'neighbour.joined', 'neighbour.refuses']);
  expect(federation.refusing.map(({ text }) => text)).toEqual([other.id.text]);
  taken = true;
  await relay('5', 'taken');
  expect(logged.slice(3)).toEqual(['neighbour.joined']);
  expect(federation.refusing).toEqual([]);
});
