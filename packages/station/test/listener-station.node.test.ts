import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { httpBlobStore } from '@dimp/client/files';
import { StationSession } from '@dimp/client/session';
import { systemClock, type TransportFactory } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { Text } from '@dimp/extensions/contents';
import { FileServer } from '@dimp/file-server';
import { pem } from '@dimp/fixtures/certificate';
import { ask, noise, until } from '@dimp/fixtures/http';
import { concatBytes, equalBytes } from '@dimp/foundation';
import { connectTcp } from '@dimp/transport-tcp';
import { connectWebSocket } from '@dimp/transport-websocket';
import { expect, onTestFinished, test } from 'vitest';
import { limitsOf } from '../src/limits/limits.ts';
import { RateLimiter } from '../src/limits/rate-limiter.ts';
import { httpHandler } from '../src/node/http/http-handler.ts';
import { listen } from '../src/node/listener/listener.ts';
import { PrometheusMetrics } from '../src/node/metrics.ts';
import { introduce, newPerson, openStation, type Person } from './support/test-users.ts';

/** A station on a port, with everything that stands in this package. */
async function stationOnPort() {
  const metrics = new PrometheusMetrics();
  const keeper = new RateLimiter({ limits: limitsOf(), clock: systemClock, metrics });
  const { station } = await openStation(memoryStore(), { keeper, metrics });
  const folder = await mkdtemp(join(tmpdir(), 'station-files-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const files = await FileServer.open({ folder, limits: { minFreeBytes: 0 } });
  onTestFinished(() => files.close());
  const http = httpHandler({ health: () => station.health(), metrics, files });
  const [cert, key] = [pem('cert'), pem('key')];
  const listener = await listen({
    port: 0,
    host: '127.0.0.1',
    station,
    keeper,
    http,
    tls: { cert, key },
  });
  const stop = () => Promise.all([listener.close(), station.stop()]);
  onTestFinished(() => stop().then(() => undefined));
  return { station, listener, cert, stop };
}

async function logIn(person: Person, port: number, connect: TransportFactory) {
  const { messenger } = person;
  const stations = [{ connect, host: '127.0.0.1', port }];
  const session = new StationSession({ messenger, stations });
  onTestFinished(() => session.stop());
  await session.start();
  await session.online(AbortSignal.timeout(20_000));
  return session;
}

test('clients over MTP, WebSocket and TLS talk to each other through one port', async () => {
  const { listener, cert } = await stationOnPort();
  const { port } = listener;
  const ways: readonly TransportFactory[] = [
    connectTcp({ host: '127.0.0.1', port }),
    connectTcp({ host: '127.0.0.1', port, tls: { ca: cert } }),
    connectWebSocket({ url: `ws://127.0.0.1:${port}/` }),
    connectWebSocket({ url: `wss://127.0.0.1:${port}/`, tls: { ca: cert } }),
  ];
  const people = await Promise.all(ways.map((_way, index) => newPerson(`user-${index}`)));
  await introduce(...people);
  const received = new Map<string, string[]>(people.map(({ id }) => [id.text, []]));
  for (const { id, messenger } of people) {
    messenger.handle(Text, ({ content }) => {
      received.get(id.text)?.push(content.body.text);
      return undefined;
    });
  }
  for (const [index, person] of people.entries()) {
    const way = ways[index];
    if (way !== undefined) await logIn(person, port, way);
  }
  for (const from of people) {
    for (const to of people) {
      if (from === to) continue;
      await from.messenger.send(Text.create({ text: `from ${from.id.name}` }), to.id);
    }
  }
  await until(() => [...received.values()].every(({ length }) => length === 3), 20_000);
  for (const { id } of people) {
    const others = people.filter((each) => each.id !== id).map((each) => `from ${each.id.name}`);
    expect(received.get(id.text)?.sort()).toEqual(others);
  }
  const metrics = (await ask(listener, 'GET', '/metrics')).body.toString();
  const figure = (name: string): number =>
    Number(new RegExp(`^dim_station_${name} (\\S+)$`, 'm').exec(metrics)?.[1]);
  expect(figure('messages_stored_total')).toBeGreaterThanOrEqual(12);
  expect(figure('sessions_open')).toBe(4);
  expect((await ask(listener, 'GET', '/health')).body.toString()).toBe('{"ok":true}');
});

test('files go through the same port', async () => {
  const { listener } = await stationOnPort();
  const blobs = httpBlobStore({ url: `http://127.0.0.1:${listener.port}/f/`, partBytes: 300_000 });
  const bytes = noise(1_000_000);
  const source = { size: bytes.length, read: (from: number, to: number) => bytes.slice(from, to) };
  const url = await blobs.upload(source, { name: 'a.bin' });
  const pieces: Uint8Array[] = [];
  for await (const piece of blobs.download(url)) pieces.push(piece);
  expect(equalBytes(concatBytes(...pieces), bytes)).toBe(true);
});

test('listener and station stop together, and report before that they are unhealthy', async () => {
  const { listener, station, stop } = await stationOnPort();
  const moki = await newPerson('moki');
  const session = await logIn(
    moki,
    listener.port,
    connectTcp({ host: '127.0.0.1', port: listener.port }),
  );
  const stopping = stop();
  expect(station.health().ok).toBe(false);
  await stopping;
  expect(listener.connections).toBe(0);
  await session.stop();
});
