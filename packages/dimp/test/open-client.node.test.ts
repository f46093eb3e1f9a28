import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LimitKeeper, limitsOf, Station, StationCommands } from '@dimp/station';
import { httpHandler, listen } from '@dimp/station/node';
import { expect, onTestFinished, test } from 'vitest';
import {
  createProtocol,
  defineContent,
  defineExtension,
  EntityType,
  Facebook,
  memoryStore,
  register,
  standard,
  Text,
} from '../src/index.ts';
import { openClient } from '../src/node.ts';

/** A station in memory on a free port. @returns `127.0.0.1:port` */
async function startStation(): Promise<string> {
  const protocol = createProtocol(standard());
  const facebook = new Facebook({ protocol, store: memoryStore() });
  const { id } = await register('gsp', { facebook, network: EntityType.Station });
  const keeper = new LimitKeeper({ limits: limitsOf({}), clock: facebook.clock });
  const commands = new StationCommands({ facebook, id, keeper });
  const station = await Station.open({ facebook, id, keeper, commands });
  const http = httpHandler({ health: () => station.health() });
  const listener = await listen({ host: '127.0.0.1', port: 0, station, keeper, http });
  onTestFinished(async () => {
    await Promise.all([listener.close(), station.stop()]);
    await commands[Symbol.asyncDispose]();
  });
  return `127.0.0.1:${listener.port}`;
}

async function open(name: string, station: string) {
  const client = await openClient({ name, station });
  onTestFinished(() => client.close());
  return client;
}

const patience = { signal: AbortSignal.timeout(20_000) };

test('two clients on a station chat over TCP and WebSocket', async () => {
  const place = await startStation();
  const moki = await open('moki', `tcp://${place}`);
  const hulk = await open('hulk', `ws://${place}`);
  await hulk.session?.online(patience.signal);
  const delivery = await moki.messenger.send(Text.create({ text: 'Hello' }), hulk.user.id);
  await delivery.reached('received', patience.signal);
  for await (const { content, envelope } of hulk.messenger.messages(patience)) {
    if (content.kind !== 'text') continue;
    expect(content.body.text).toBe('Hello');
    expect(envelope.sender.text).toBe(moki.user.id.text);
    break;
  }
});

test('the identity in a folder is the same when the client is opened again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dimp-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const first = await openClient({ name: 'moki', folder });
  await first.close();
  const again = await openClient({ name: 'another name', folder });
  await again.close();
  expect(again.user.id.text).toBe(first.user.id.text);
});

test('a store of the caller stays open', async () => {
  const store = memoryStore();
  const client = await openClient({ name: 'moki', store });
  await client.close();
  expect(await store.get(['any'])).toBeUndefined();
});

test('a protocol of the caller is used', async () => {
  const Wave = defineContent({
    kind: 'com.example/wave',
    match: { type: '204', app: 'com.example', mod: 'chat', act: 'wave' },
    schema: {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value: unknown) => ({ value: value as object }),
      },
    },
    fallback: () => 'waves',
  });
  const mine = defineExtension({ name: 'com.example', contents: [Wave] });
  const protocol = createProtocol(standard(), mine);
  const client = await openClient({ name: 'moki', protocol });
  onTestFinished(() => client.close());
  expect(client.facebook.protocol).toBe(protocol);
});

test.each(['http://127.0.0.1:1', '127.0.0.1:9394', 'nothing'])(
  'the station address %s is refused',
  async (station) => {
    await expect(async () => openClient({ name: 'moki', station })).rejects.toThrow();
  },
);
