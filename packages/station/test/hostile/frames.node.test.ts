import { handshakeStart } from '@dimp/extensions/commands';
import { Text } from '@dimp/extensions/contents';
import { ask } from '@dimp/fixtures/http';
import { ANY_STATION } from '@dimp/mkm';
import { encodeFrame } from '@dimp/transport-tcp/mtp';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hostileWorld, scene, sharedScene, unharmed } from '../support/hostile-station.ts';
import { type Wire, wire } from '../support/listener-service.ts';
import { expectNothingOf, MaliciousClient, until } from '../support/malicious-client.ts';

const now = sharedScene({
  limits: { messageBytes: 64 * 1024, connectionRate: { perSecond: 1000, burst: 10_000 } },
});
const ID = '0000000000000001';
const UPGRADE =
  'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
const MIB = 1024 * 1024;

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const mtp = (body: string | Uint8Array): Buffer =>
  Buffer.from(
    encodeFrame({
      type: 'message',
      id: hex(ID),
      body: typeof body === 'string' ? Buffer.from(body) : body,
    }),
  );
const upgraded = (frame: Uint8Array): Buffer => Buffer.concat([Buffer.from(UPGRADE), frame]);

/** Says something raw. */
async function say(port: number, bytes: Uint8Array | string): Promise<Wire> {
  const line = await wire(port);
  line.socket.write(bytes);
  return line;
}

describe('§14.6 no. 48 to 51: invalid frames', () => {
  const frames: readonly (readonly [string, () => Uint8Array])[] = [
    ['MTP with a body of 1 GiB', () => hex(`44494d42 ${ID} 40000000`)],
    ['MTP with a body of 4 GiB', () => hex(`44494d42 ${ID} ffffffff`)],
    ['MTP with a body one byte above the limit', () => hex(`44494d42 ${ID} 00020001`)],
    ['MTP without a length', () => hex(`44494d32 ${ID} 7b7d`)],
    ['MTP that goes on with garbage', () => Buffer.concat([mtp('{}'), new Uint8Array(70_000)])],
    ['MTP with a body that is not text', () => mtp(hex('c328'))],
    ['MTP with a body that is no JSON', () => mtp('{"sender":')],
    ['WebSocket with a message of 2^63 bytes', () => upgraded(hex('81ff7fffffffffffffff00000000'))],
    ['WebSocket with a frame that is not masked', () => upgraded(hex('81027b7d'))],
    ['WebSocket with reserved bits', () => upgraded(hex('f18000000000'))],
    ['WebSocket with an unknown opcode', () => upgraded(hex('838000000000'))],
    ['WebSocket that goes on with a message that never began', () => upgraded(hex('808000000000'))],
    ['WebSocket with a fragmented ping', () => upgraded(hex('098000000000'))],
    ['WebSocket with text that is no UTF-8', () => upgraded(hex('818200000000c328'))],
    ['a line that is no JSON', () => Buffer.from('{"sender":\n')],
    ['a line without an end', () => Buffer.from(`{"data":"${'x'.repeat(140_000)}`)],
    [
      'HTTP with headers without an end',
      () => Buffer.from(`GET / HTTP/1.1\r\nA: ${'x'.repeat(20_000)}`),
    ],
    [
      'HTTP with two lengths',
      () =>
        Buffer.from(
          'PUT /f/a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
        ),
    ],
    [
      'HTTP with a length and chunks',
      () =>
        Buffer.from(
          'PUT /f/a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        ),
    ],
  ];

  test.each(frames)('%s: this connection ends, and no other one', async (_name, bytes) => {
    const { world, moki, hulk } = now();
    const line = await say(world.port, bytes());
    await until(() => line.closed);
    await unharmed(moki, hulk);
  });

  test('announced lengths allocate no memory', async () => {
    const { world, moki, hulk } = now();
    await unharmed(moki, hulk);
    const before = process.memoryUsage();
    const lines: Wire[] = [];
    // As much as may be announced, and nothing of it.
    const heads = [
      hex(`44494d42 ${ID} 00020000`),
      upgraded(hex('81ff0000000000020000 00000000')),
      Buffer.from('PUT /f/big HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n'),
      Buffer.from('{"data":"'),
    ];
    for (let count = 0; count < 120; count++) {
      lines.push(await say(world.port, heads[count % heads.length] ?? ''));
    }
    await unharmed(moki, hulk);
    const after = process.memoryUsage();
    expect(
      after.arrayBuffers + after.external - before.arrayBuffers - before.external,
    ).toBeLessThan(8 * MIB);
    for (const line of lines) line.socket.destroy();
  });

  test('fragments do not add up to more than a message may have', async () => {
    const { world, moki, hulk } = now();
    const line = await wire(world.port);
    const body = new Uint8Array(30_000).fill(0x20);
    for (let index = 0; index < 6; index++) {
      const page = { type: 'fragment', id: hex(ID), pages: 6, index, body } as never;
      line.socket.write(encodeFrame(page));
    }
    await until(() => line.closed);
    await unharmed(moki, hulk);
  });
});

describe('slow peers', () => {
  test('that send a little now and then are disconnected, over each framing', async () => {
    const slow = await hostileWorld({
      listener: { times: { opening: 1200, idle: 1200, http: { headers: 800, idle: 800 } } },
      limits: { loginTimeout: 1000 },
    });
    const openings = [
      'D',
      'G',
      '\x16',
      'OPTI',
      '{',
      '\n',
      hex(`44494d42 ${ID}`),
      UPGRADE.slice(0, 40),
    ];
    const lines = await Promise.all(openings.map((bytes) => say(slow.port, bytes)));
    const trickle = setInterval(() => lines[7]?.socket.write('x'), 100);
    onTestFinished(() => clearInterval(trickle));
    await until(() => lines.every(({ closed }) => closed), 14_000);
    expect(slow.listener.connections).toBe(0);
  }, 20_000);

  test('that have closed their half, or send nothing at all, delay no other peer', async () => {
    const { world, moki, hulk } = now();
    const lines = await Promise.all(Array.from({ length: 60 }, () => wire(world.port)));
    for (const [index, line] of lines.entries()) {
      if (index % 3 === 0) line.socket.end();
      else if (index % 3 === 1) line.socket.resetAndDestroy();
    }
    await unharmed(moki, hulk);
    await until(() => lines.filter(({ closed }) => closed).length >= 40);
    for (const line of lines) line.socket.destroy();
  });
});

describe('connections', () => {
  test('of one address are bounded, and existing ones stay open', async () => {
    const { world, moki, hulk } = await scene({ limits: { connectionsPerAddress: 12 } });
    const lines = await Promise.all(Array.from({ length: 30 }, () => wire(world.port)));
    await until(() => lines.filter(({ closed }) => closed).length === 20);
    expect(world.limited).toContain('connectionsPerAddress');
    await unharmed(moki, hulk);
    for (const line of lines) line.socket.destroy();
    await until(() => world.listener.connections === 2);
    expect((await ask({ port: world.port }, 'GET', '/health')).status).toBe(200);
  });

  test('that are opened again and again are slowed down', async () => {
    const world = await hostileWorld({
      limits: { connectionRate: { perSecond: 0.01, burst: 10 } },
    });
    for (let count = 0; count < 15; count++) (await wire(world.port)).socket.destroy();
    await until(() => world.limited.includes('connectionRate'));
  });
});

describe('§14.6 no. 56 and 58, §14.7 no. 7: JSON', () => {
  const bombs: readonly (readonly [string, (wire: string) => string])[] = [
    [
      'ten thousand brackets',
      (text) => text.replace('{', `{"x":${'['.repeat(10_000)}${']'.repeat(10_000)},`),
    ],
    ['brackets that do not close', (text) => text.replace('{', `{"x":${'['.repeat(10_000)},`)],
    ['a number that no double holds', (text) => text.replace('{', '{"x":1e999,')],
    ['NaN', (text) => text.replace('{', '{"x":NaN,')],
    ['__proto__', (text) => text.replace('{', '{"__proto__":{"muted":true},')],
    ['a lone surrogate in its sender', (text) => text.replace('"sender":"', '"sender":"\\ud800')],
    [
      'more bytes than a message may have',
      (text) => text.replace('{', `{"x":"${'x'.repeat(70_000)}",`),
    ],
  ];

  test.each(bombs)(
    'a message with %s is refused, and its connection goes on',
    async (_name, change) => {
      const { world, moki, hulk, mallory } = now();
      const client = await MaliciousClient.login(world, mallory);
      const text = JSON.stringify(await client.wire(Text.create({ text: 'bomb' }), hulk.person.id));
      const started = performance.now();
      client.send(change(text));
      await until(() => client.receipts().length > 0);
      await client.settled();
      expect(performance.now() - started).toBeLessThan(2000);
      await unharmed(moki, hulk);
      expectNothingOf('bomb', hulk.texts);
      expect(world.logged.filter((line) => line.includes('ingress.failed'))).toEqual([]);
    },
  );

  test('a message of thousands of members is one like others, and takes no longer', async () => {
    const { world, moki, hulk, mallory } = now();
    const client = await MaliciousClient.login(world, mallory);
    const text = JSON.stringify(await client.wire(Text.create({ text: 'wide' }), hulk.person.id));
    const members = Array.from({ length: 5000 }, (_, number) => `"${number}":0`).join();
    const started = performance.now();
    client.send(text.replace('{', `{${members},`));
    await until(() => hulk.texts.includes('wide'));
    expect(performance.now() - started).toBeLessThan(2000);
    await unharmed(moki, hulk);
  });

  test.each<readonly [string, (text: string, of: string) => string]>([
    // A reader of the first member would take it for a message of moki.
    ['two senders', (text, of) => text.replace('{', `{"sender":"${of}","signature":"AAAA",`)],
    [
      'a sender twice, one of them spelled with an escape',
      (text, of) => text.replace('{', `{"s\\u0065nder":"${of}",`),
    ],
    ['a member of a member twice', (text) => text.replace('{', '{"x":{"a":1,"a":2},')],
    ['a short name beside the long one', (text, of) => text.replace('{', `{"F":"${of}",`)],
    [
      'a short name that meant sender or signature',
      (text, of) => text.replace('{', `{"S":"${of}",`),
    ],
    [
      'two IVs of two spellings',
      // Sealed messages have none of their own.
      (text) =>
        text.replace('{', '{"IV":"AAAAAAAAAAAAAAAAAAAAAA==","iv":"AAAAAAAAAAAAAAAAAAAAAQ==",'),
    ],
    ['half of a character', (text) => text.replace('{', '{"x":["\\ud83d"],')],
    ['half of a character in a name', (text) => text.replace('{', '{"\\udc00":1,')],
  ])('a message with %s is not relayed', async (_, change) => {
    const { world, moki, hulk, mallory } = now();
    const client = await MaliciousClient.login(world, mallory);
    const text = JSON.stringify(await client.wire(Text.create({ text: 'twice' }), hulk.person.id));
    client.send(change(text, moki.person.id.text));
    await client.settled();
    await unharmed(moki, hulk);
    expectNothingOf('twice', hulk.texts);
    expectNothingOf('twice', moki.texts);
  });

  test('short names alone, and characters that are written as escapes, pass', async () => {
    const { world, hulk, mallory } = now();
    const client = await MaliciousClient.login(world, mallory);
    const wire = await client.wire(Text.create({ text: 'short' }), hulk.person.id);
    const { sender, receiver, time, ...rest } = wire;
    const text = JSON.stringify({ F: sender, R: receiver, W: time, ...rest });
    client.send(text.replace('{', '{"x":"\\ud83d\\ude00","a:b":"c\\"\\\\",'));
    await until(() => hulk.texts.includes('short'));
  });

  test('before login a peer that sends something other than messages is disconnected at once', async () => {
    const { world, moki, hulk, mallory } = now();
    const client = await MaliciousClient.dial(world, mallory);
    client.send('{"sender":');
    await until(() => client.closed);
    const loud = await MaliciousClient.login(world, mallory);
    for (let count = 0; count < 40; count++) loud.send('{"nothing":1}');
    await until(() => loud.closed);
    await unharmed(moki, hulk);
  });

  test('one payload holds a bounded number of messages', async () => {
    const { world, moki, hulk, mallory } = now();
    const client = await MaliciousClient.dial(world, mallory);
    client.send(
      await client.pack(handshakeStart(), ANY_STATION, { attachMeta: true, attachVisa: true }),
    );
    await until(() => client.session !== undefined);
    client.send('{}\n'.repeat(30_000));
    await until(() => client.closed);
    await unharmed(moki, hulk);
  });
});
