import { connect } from 'node:net';
import { Transceiver } from '@dimp/core';
import type { ReliableMessage } from '@dimp/dkd';
import { handshakeStart } from '@dimp/extensions/commands';
import { Text } from '@dimp/extensions/contents';
import { ANY_STATION, sameEntity } from '@dimp/mkm';
import { encodeFrame } from '@dimp/transport-tcp/mtp';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type HostileStation, scene, unharmed } from '../support/hostile-station.ts';
import { wire } from '../support/listener-service.ts';
import { MaliciousClient, until } from '../support/malicious-client.ts';
import { introduce, newPerson } from '../support/test-users.ts';

const MIB = 1024 * 1024;
const UPGRADE =
  'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

/** A message of a mebibyte in each framing, by its number. */
function flood(count: number): Uint8Array {
  const message = Buffer.from(`{"data":"${'x'.repeat(MIB)}"}`);
  const kind = count % 4;
  if (kind === 0) return encodeFrame({ type: 'message', id: Buffer.alloc(8, 1), body: message });
  if (kind === 1) {
    const head = Buffer.from('81ff0000000000000000ffffffff', 'hex');
    head.writeUInt32BE(message.length, 6);
    return Buffer.concat([Buffer.from(UPGRADE), head, message]);
  }
  if (kind === 2) return Buffer.concat([message, Buffer.from('\n')]);
  // Fragments of half a kibibyte.
  const pages = Math.ceil(message.length / 512);
  const id = Buffer.alloc(8, 2);
  return Buffer.concat(
    Array.from({ length: pages }, (_, index) => {
      const body = message.subarray(index * 512, (index + 1) * 512);
      return encodeFrame({ type: 'fragment', id, pages, index, body });
    }),
  );
}

/** Counts what the station itself does with messages. */
function watch(world: HostileStation, what: 'deserialize' | 'verify'): () => readonly unknown[] {
  const spy = vi.spyOn(Transceiver.prototype, what);
  onTestFinished(() => spy.mockRestore());
  return () =>
    spy.mock.calls
      .filter((_, index) => (spy.mock.contexts[index] as Transceiver).barrack === world.facebook)
      .map(([first]) => first);
}

describe('before login', () => {
  test('240 connections that send messages of 1 MiB have nothing parsed, and a good client goes on chatting', async () => {
    const { world, moki, hulk } = await scene();
    const parsed = watch(world, 'deserialize');
    const ends: Promise<void>[] = [];
    const pieces = [0, 1, 2, 3].map(flood);
    for (let count = 0; count < 240; count++) {
      const socket = connect({ host: '127.0.0.1', port: world.port });
      onTestFinished(() => void socket.destroy());
      socket.on('error', () => undefined);
      socket.resume();
      ends.push(new Promise((resolve) => void socket.on('close', () => resolve())));
      socket.write(pieces[count % 4] ?? '');
    }
    await unharmed(moki, hulk);
    await Promise.all(ends);
    await unharmed(moki, hulk);
    // None of the long messages was looked at; those of the two who chat were.
    const longest = Math.max(...parsed().map((text) => (text as string).length));
    expect(longest).toBeLessThan(64 * 1024);
  }, 60_000);

  test('a payload of 64 KiB is taken, a longer one ends the connection, over each framing', async () => {
    const { world, mallory } = await scene();
    for (const way of ['mtp', 'websocket'] as const) {
      const client = await MaliciousClient.dial(world, mallory, { way });
      await client.start();
      client.send(`{"x":"${'x'.repeat(64 * 1024)}"}`);
      await until(() => client.closed);
    }
    const line = await wire(world.port);
    line.socket.write(`{"x":"${'x'.repeat(64 * 1024)}`);
    await until(() => line.closed);
    const client = await MaliciousClient.login(world, mallory);
    client.send(await client.pack(Text.create({ text: 'x'.repeat(200_000) }), mallory.id));
    await until(() => client.receipts().length === 1);
    expect(client.closed).toBe(false);
  });

  test('metas and signatures cost a handshake each: beyond the limit nothing is verified, and the stranger is told', async () => {
    const { world, moki, hulk, mallory } = await scene({
      limits: { handshakeRate: { perSecond: 0.001, burst: 10 } },
    });
    const verified = watch(world, 'verify');
    let told = 0;
    for (let count = 0; count < 16; count++) {
      const client = await MaliciousClient.dial(world, mallory);
      const options = { attachMeta: true, attachVisa: true };
      client.send(await client.pack(handshakeStart(), ANY_STATION, options));
      await until(() => client.session !== undefined || client.closed);
      if (client.receipts().length > 0) told += 1;
      await client.close();
    }
    expect(world.limited).toContain('handshakeRate');
    // Those who logged in before had used some of them.
    const ofMallory = verified().filter((message) =>
      sameEntity((message as ReliableMessage).envelope.sender, mallory.id),
    );
    expect(ofMallory.length).toBeLessThanOrEqual(10);
    expect(told).toBeGreaterThanOrEqual(6);
    await unharmed(moki, hulk);
  });
});

describe('a foreign sender over a user’s session', () => {
  test('is charged to that session, message by message and byte by byte', async () => {
    const { world, hulk, mallory } = await scene({
      limits: {
        userMessageRate: { perSecond: 0.001, burst: 12 },
        addressMessageRate: { perSecond: 1000, burst: 10_000 },
      },
    });
    const foreign = await newPerson('foreign');
    await introduce(foreign, hulk.person);
    const client = await MaliciousClient.login(world, mallory);
    const others = await MaliciousClient.dial(world, foreign);
    const bytes = await others.pack(Text.create({ text: 'x' }), hulk.person.id);
    const before = world.limited.length;
    for (let count = 0; count < 30; count++) client.send(bytes);
    await until(() => client.receipts().length === 30);
    const limited = world.limited.slice(before).filter((limit) => limit === 'userMessageRate');
    // Two were for the login; a foreign message is answered as such only while the session can pay for it.
    expect(limited.length).toBeGreaterThanOrEqual(30 - 12);
    expect(hulk.texts).toEqual([]);
  });

  test('is refused a few times, and then ends the session', async () => {
    const { world, moki, hulk, mallory } = await scene();
    const foreign = await newPerson('foreign');
    await introduce(foreign, hulk.person);
    const others = await MaliciousClient.dial(world, foreign);
    const client = await MaliciousClient.login(world, mallory);
    for (let count = 0; count < 40; count++) {
      client.send(await others.pack(Text.create({ text: `${count}` }), hulk.person.id));
    }
    await until(() => client.closed);
    expect(client.receipts().length).toBeLessThanOrEqual(17);
    expect(hulk.texts).toEqual([]);
    await unharmed(moki, hulk);
  });
});

describe('HTTP requests', () => {
  test('have a rate limit for each address, and the answer says when to try again', async () => {
    const { world, moki, hulk } = await scene({
      limits: { httpRequestRate: { perSecond: 0.5, burst: 20 } },
    });
    const answers: [number, string | null][] = [];
    for (let count = 0; count < 40; count++) {
      const { status, headers } = await fetch(`http://127.0.0.1:${world.port}/health`);
      answers.push([status, headers.get('retry-after')]);
    }
    const refused = answers.filter(([status]) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(15);
    expect(refused.every(([, after]) => Number(after) >= 1)).toBe(true);
    expect(world.limited).toContain('httpRequestRate');
    await unharmed(moki, hulk);
  });
});
