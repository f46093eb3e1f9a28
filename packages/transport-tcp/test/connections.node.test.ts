import { connect as connectPlain, createServer, type Server } from 'node:net';
import { createServer as createSecureServer } from 'node:tls';
import type { Transport } from '@dimp/core';
import { Sweep } from '@dimp/core/transport';
import { pem } from '@dimp/fixtures/certificate';
import { ManualTime, settled } from '@dimp/fixtures/time';
import { concatBytes, decodeHex, utf8Encode } from '@dimp/foundation';
import { describe, expect, onTestFinished, test } from 'vitest';
import { acceptTcp, connectTcp } from '../src/index.ts';
import { encodeFrame } from '../src/mtp.ts';
import { idOf } from './helpers.ts';
import { failure, listening, meetClient, meetStation, RawPeer, textsOf } from './raw-peer.node.ts';

const context = { maxPayloadBytes: 100_000 };

describe('keep-alive (spec §12.4)', () => {
  test('a client sends PING after 16 s of silence, and not while data arrives', async () => {
    const { peer, time } = await meetClient();
    await time.pass(15);
    expect(peer.frames).toEqual([]);
    await time.pass(2);
    const [ping] = await peer.heard();
    expect(ping).toMatch(/^command \d+ PING$/);
    for (let step = 0; step < 10; step++) {
      peer.send('message', step + 1, 'NOOP');
      await settled();
      await time.pass(10);
    }
    expect((await peer.heard()).filter((line) => line.startsWith('command'))).toEqual([]);
  });

  test('a client stays connected while its PINGs are answered, and gives up after 128 s otherwise', async () => {
    const { peer, time, end } = await meetClient();
    for (let step = 0; step < 20; step++) {
      await time.pass(17);
      const pings = peer.frames.splice(0).filter(({ type }) => type === 'command');
      for (const { id } of pings) {
        peer.write(encodeFrame({ type: 'command-response', id, body: utf8Encode('PONG') }));
      }
      await settled();
    }
    expect(await Promise.race([end, settled().then(() => 'lives')])).toBe('lives');
    await time.pass(130);
    expect(await end).toBe('transport/timeout');
    expect(peer.frames.length).toBeGreaterThan(5);
  });

  test('a station never sends PING, and disconnects peers that are silent for 128 s', async () => {
    const { peer, time, end } = await meetStation();
    await time.pass(127);
    expect(peer.frames).toEqual([]);
    expect(await Promise.race([end, settled().then(() => 'lives')])).toBe('lives');
    await time.pass(3);
    expect(await end).toBe('transport/timeout');
    await settled();
    expect(peer.ended).not.toBe('');
  });

  test('one timer serves all connections, and none runs without connections', async () => {
    const time = new ManualTime();
    const { server, port } = await listening();
    const sweep = new Sweep({ clock: time, timers: time });
    const transports: Transport[] = [];
    server.on('connection', (socket) => {
      transports.push(acceptTcp(socket, { ...context, sweep }));
    });
    const sockets = Array.from({ length: 20 }, () => connectPlain({ host: '127.0.0.1', port }));
    await settled();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(transports).toHaveLength(20);
    expect(time.timers).toBe(1);
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(time.timers).toBe(0);
  });
});

describe('a hostile peer', () => {
  test('that announces a long body is disconnected before memory is allocated', async () => {
    const { peer, end } = await meetStation();
    peer.write(decodeHex('44494d42' + '0000000000000001' + '40000000'));
    expect(await end).toBe('format/limit');
  });

  test('cannot make memory grow by announcing what is allowed and sending nothing', async () => {
    const before = process.memoryUsage().arrayBuffers;
    for (let n = 0; n < 20; n++) {
      const { peer } = await meetStation({ maxPayloadBytes: 2 ** 30 });
      peer.write(decodeHex('44494d42' + '0000000000000001' + '3fffffff'));
    }
    await settled();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
  });

  test('that sends a head without length is dropped (spec §12.2)', async () => {
    const { peer, end } = await meetStation();
    peer.write(decodeHex('44494d32' + '0000000000000001' + '7b7d'));
    expect(await end).toBe('transport/protocol');
  });

  test('that sends more than 64 KiB of garbage is dropped; a little of it is skipped', async () => {
    const { peer, end, arrivals } = await meetStation();
    peer.write(new Uint8Array(60_000));
    peer.send('message', 1, '{"a":1}');
    await settled();
    expect(arrivals).toHaveLength(1);
    peer.write(new Uint8Array(10_000));
    expect(await end).toBe('transport/protocol');
  });

  test('that sends a message byte by byte for ever is dropped; one that is merely slow is not', async () => {
    const slow = encodeFrame({
      type: 'message',
      id: idOf(1),
      body: utf8Encode('x'.repeat(90_000)),
    });
    const loris = await meetStation();
    for (let second = 0; second < 130; second++) {
      loris.peer.write(slow.subarray(second, second + 1));
      await settled();
      await loris.time.pass(1);
    }
    expect(await loris.end).toBe('transport/timeout');
    const modem = await meetStation();
    for (let start = 0; start < slow.length; start += 500) {
      modem.peer.write(slow.subarray(start, start + 500));
      await settled();
      await modem.time.pass(1);
    }
    expect(modem.arrivals).toHaveLength(1);
  });

  test('that asks for ever and does not read the answers is dropped', async () => {
    const { peer, end } = await meetStation();
    peer.socket.pause();
    const ping = encodeFrame({ type: 'command', id: idOf(1), body: utf8Encode('PING') });
    const many = concatBytes(...Array.from({ length: 10_000 }, () => ping));
    let lost = false;
    void end.then(() => {
      lost = true;
    });
    let megabytes = 0;
    for (; !lost && megabytes < 100; megabytes += many.length / 1_000_000) {
      peer.write(many);
      await settled();
    }
    expect(await end).toBe('format/limit');
  });

  test('is not read from while 64 payloads wait, and is when they are done with', async () => {
    const { peer, arrivals } = await meetStation();
    const frames = Array.from({ length: 1000 }, (_, n) =>
      encodeFrame({
        type: 'message',
        id: Uint8Array.of(1, 0, 0, 0, 0, 0, n >> 8, n & 0xff),
        body: utf8Encode(JSON.stringify({ n, filler: 'x'.repeat(10_000) })),
      }),
    );
    peer.write(concatBytes(...frames));
    await settled();
    const waiting = arrivals.length;
    expect(waiting).toBeGreaterThanOrEqual(64);
    // Plus the bytes of one read of the socket.
    expect(waiting).toBeLessThan(64 + 14);
    for (let next = 0; next < 1000; next++) {
      while (arrivals[next] === undefined) await settled();
      arrivals[next]?.acknowledge();
    }
    expect(await peer.heard()).toHaveLength(1000);
    expect(textsOf(arrivals).map((text) => JSON.parse(text).n)).toEqual(frames.map((_, n) => n));
  });

  test('is not taken for dead because we do not read, nor held up for ever by what is refused', async () => {
    const { peer, arrivals, time, end } = await meetStation();
    for (let n = 1; n <= 65; n++) peer.send('message', n, `{"n":${n}}`);
    await settled();
    peer.send('message', 99, '{"n":99}');
    await time.pass(55);
    expect(arrivals).toHaveLength(65);
    await time.pass(10);
    await settled();
    expect(arrivals).toHaveLength(66);
    expect(await Promise.race([end, settled().then(() => 'lives')])).toBe('lives');
  });
});

describe('the end of a connection', () => {
  test('in the middle of a package is a loss', async () => {
    const { peer, end } = await meetStation();
    peer.socket.end(decodeHex('44494d42' + '0000000000000001' + '00000007' + '7b'));
    expect(await end).toBe('transport/closed');
  });

  test('by a peer that resets it is a loss', async () => {
    const { peer, end, transport } = await meetStation();
    const sending = failure(transport.send(utf8Encode('{}')));
    await settled();
    peer.socket.resetAndDestroy();
    expect(await end).toBe('transport/closed');
    expect(await sending).toBe('transport/closed');
  });

  test('by us waits for acknowledgements that are under way', async () => {
    const { port, accepted } = await listening();
    const peer = new RawPeer(connectPlain({ host: '127.0.0.1', port, allowHalfOpen: true }));
    const transport = acceptTcp(await accepted, context);
    const sending = transport.send(utf8Encode('{}'));
    const closing = transport.close();
    await settled();
    expect(peer.ended).toBe('end');
    const { id } = peer.frames[0] ?? { id: idOf(0) };
    peer.write(encodeFrame({ type: 'message-response', id, body: utf8Encode('OK') }));
    peer.socket.end();
    await sending;
    await closing;
  });

  test('by us does not wait for ever for a peer that does not close', async () => {
    const time = new ManualTime();
    const { port, accepted } = await listening();
    const socket = connectPlain({ host: '127.0.0.1', port, allowHalfOpen: true });
    onTestFinished(() => {
      socket.destroy();
    });
    const sweep = new Sweep({ clock: time, timers: time });
    const transport = acceptTcp(await accepted, { ...context, sweep });
    const closing = transport.close();
    expect(await Promise.race([closing.then(() => 'closed'), settled().then(() => 'waits')])).toBe(
      'waits',
    );
    await time.pass(6);
    await closing;
  });

  test('leaves no listener of a signal behind', async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const counting = {
      get aborted() {
        return signal.aborted;
      },
      throwIfAborted: () => undefined,
      addEventListener: () => (listeners += 1),
      removeEventListener: () => (listeners -= 1),
    };
    const { port, accepted } = await listening();
    const transport = await connectTcp({ host: '127.0.0.1', port })({
      ...context,
      signal: counting as unknown as AbortSignal,
    });
    (await accepted).on('end', () => undefined);
    (await accepted).resume();
    await transport.close();
    await settled();
    expect(listeners).toBe(0);
  });
});

describe('connecting', () => {
  /** A closed port. */
  async function freePort(): Promise<number> {
    const { server, port } = await listening();
    await new Promise((resolve) => server.close(resolve));
    return port;
  }

  async function secureServer(server: Server): Promise<number> {
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    onTestFinished(() => {
      server.close();
    });
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  test('to a closed port is an error that may be retried', async () => {
    const port = await freePort();
    for (const host of ['127.0.0.1', 'localhost']) {
      await expect(connectTcp({ host, port })(context)).rejects.toMatchObject({
        code: 'transport/refused',
        retryable: true,
        message: expect.stringContaining(`${host}:${port}`),
      });
    }
  });

  test('to a host that is not found may go better later', async () => {
    const connect = connectTcp({ host: 'nobody.invalid', port: 9394 });
    await expect(connect(context)).rejects.toMatchObject({
      code: 'transport/unknown-host',
      retryable: true,
      message: expect.stringContaining('nobody.invalid'),
    });
  });

  test('is limited in time, and can be aborted', async () => {
    // Accepts, and never says a word of TLS.
    const { port } = await listening();
    const options = { host: '127.0.0.1', port, tls: true };
    const late = connectTcp({ ...options, connectTimeout: 50 });
    expect(await failure(Promise.resolve(late(context)))).toBe('transport/timeout');
    const controller = new AbortController();
    const reason = new Error('no longer wanted');
    const connecting = connectTcp(options)({ ...context, signal: controller.signal });
    setTimeout(() => controller.abort(reason), 20);
    await expect(connecting).rejects.toBe(reason);
  });

  test('with TLS refuses a certificate without a known issuer, and one of another host', async () => {
    const server = createSecureServer({ cert: pem('cert'), key: pem('key') });
    server.on('tlsClientError', () => undefined);
    const port = await secureServer(server);
    const unknown = connectTcp({ host: 'localhost', port, tls: true });
    expect(await failure(Promise.resolve(unknown(context)))).toBe('transport/certificate');
    const other = connectTcp({
      host: 'localhost',
      port,
      tls: { ca: pem('cert'), servername: 'other.example' },
    });
    expect(await failure(Promise.resolve(other(context)))).toBe('transport/certificate');
  });

  test('with TLS to a server that speaks none is a fault of protocol', async () => {
    const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const port = await secureServer(server);
    const connect = connectTcp({ host: '127.0.0.1', port, tls: true });
    expect(await failure(Promise.resolve(connect(context)))).toBe('transport/protocol');
  });

  test.each([0, -1, 65_536, 1.5, Number.NaN])('to port %d is a mistake', (port) => {
    expect(() => connectTcp({ host: '127.0.0.1', port })).toThrow(RangeError);
  });
});
