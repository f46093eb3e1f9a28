import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createServer as createPlainServer } from 'node:net';
import { pem } from '@dimp/fixtures/certificate';
import { settled } from '@dimp/fixtures/time';
import { concatBytes, utf8Encode } from '@dimp/foundation';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { connectWebSocket } from '../src/index.ts';
import { listening, meetClient, message, state, textsOf } from './meeting.node.ts';

const context = { maxPayloadBytes: 100_000 };

describe.each([
  ['ws', {}],
  ['a WebSocket as in browsers', { webSocket: WebSocket }],
] as const)('with %s, a client', (_, options) => {
  test('acknowledges each message of a payload by its own time and signature (spec §12.6)', async () => {
    const { peer, heard, arrivals } = await meetClient(options);
    peer.send(String(Buffer.from(concatBytes(message('A'), utf8Encode('\n'), message('B')))));
    peer.send('{"data":"\\"signature\\":\\"INNER\\"","V":"C","W":17,"more":{"signature":"D"}}');
    peer.send('{"signature":"E","time":"no number"}');
    await settled();
    expect(heard).toEqual([]);
    for (const arrival of arrivals) arrival.acknowledge();
    await settled();
    expect(heard).toEqual([
      'ACK:{"time":1700000000.25,"signature":"A"}',
      'ACK:{"time":1700000000.25,"signature":"B"}',
      'ACK:{"time":17,"signature":"C"}',
      'ACK:{"signature":"E"}',
    ]);
  });

  test('acknowledges nothing without a signature', async () => {
    const { peer, heard, arrivals } = await meetClient(options);
    const texts = ['{}', '[]', 'garbage', '{"signature":1}', '{"signature":""}', '{"signature"'];
    for (const text of texts) peer.send(text);
    await settled();
    for (const arrival of arrivals) arrival.acknowledge();
    await settled();
    expect(textsOf(arrivals)).toEqual(texts);
    expect(heard).toEqual([]);
  });

  test('counts as sent what it wrote before a PING that is answered', async () => {
    const { transport, peer, heard } = await meetClient(options);
    const done: string[] = [];
    const first = transport.send(message('A')).then(() => done.push('A'));
    await settled();
    await vi.waitFor(() => expect(heard).toEqual([String(Buffer.from(message('A'))), 'PING']));
    const second = transport.send(message('B')).then(() => done.push('B'));
    await vi.waitFor(() => expect(heard).toHaveLength(3));
    expect(done).toEqual([]);
    peer.send('PONG');
    await first;
    expect(done).toEqual(['A']);
    // The next PING leaves behind what was sent meanwhile.
    await vi.waitFor(() => expect(heard).toHaveLength(4));
    expect(heard[3]).toBe('PING');
    peer.send('PONG');
    await second;
  });

  test('does not count as sent what goes into a dead connection', async () => {
    const { transport, heard, time, end } = await meetClient(options);
    const sending = expect(transport.send(message('A'))).rejects.toMatchObject({
      code: 'transport/closed',
    });
    await vi.waitFor(() => expect(heard.length).toBeGreaterThan(0));
    await time.pass(129);
    expect(await end).toBe('transport/timeout');
    await sending;
  });

  test('does not take the answer to an earlier PING for one after its payload', async () => {
    const { transport, peer, heard, time } = await meetClient(options);
    await time.pass(16);
    await vi.waitFor(() => expect(heard).toEqual(['PING']));
    let sent = false;
    const sending = transport.send(message('A')).then(() => {
      sent = true;
    });
    await vi.waitFor(() => expect(heard).toHaveLength(2));
    await settled();
    peer.send('PONG');
    await vi.waitFor(() => expect(heard).toHaveLength(3));
    expect(sent).toBe(false);
    peer.send('PONG');
    await sending;
  });

  test('counts as sent what the network has accepted if a server sends messages but never answers PING', async () => {
    const { transport, peer, heard, time } = await meetClient(options);
    const sending = transport.send(message('A'));
    await vi.waitFor(() => expect(heard).toHaveLength(2));
    await time.pass(6);
    peer.send('{"data":"x"}');
    await settled();
    await time.pass(2);
    await sending;
    await transport.send(message('B'));
  });

  test('counts as sent what it wrote before a close that the server answers', async () => {
    const { transport } = await meetClient(options);
    const sending = transport.send(message('A'));
    await transport.close();
    await sending;
  });

  test('sends PING after 15 s of silence, and gives up after 128 s', async () => {
    const { peer, heard, time, end } = await meetClient(options);
    await time.pass(14);
    expect(heard).toEqual([]);
    await time.pass(2);
    await settled();
    expect(heard).toEqual(['PING']);
    peer.send('PONG');
    await settled();
    await time.pass(14);
    expect(heard).toEqual(['PING']);
    await time.pass(120);
    expect(await end).toBe('transport/timeout');
    expect(heard.length).toBeGreaterThan(5);
  });

  test('loses the connection when more arrives than it reads', async () => {
    const { peer, end, arrivals } = await meetClient(options);
    peer.send('x'.repeat(100_001));
    expect(await end).toBe('format/limit');
    expect(arrivals).toEqual([]);
  });
});

test('a browser that cannot pause reading closes a connection that floods it', async () => {
  const { peer, end } = await meetClient({ webSocket: WebSocket, maxArrivals: 4 });
  for (let n = 0; n < 100; n++) peer.send(`{"n":${n}}`);
  expect(await end).toBe('format/limit');
});

test('no subprotocol and no extension is requested (spec §12.6)', async () => {
  const server = createServer();
  const port = await listening(server);
  const asked = new Promise<NodeJS.Dict<string | string[]>>((resolve) => {
    server.on('upgrade', (request, socket) => {
      resolve(request.headers);
      socket.destroy();
    });
  });
  const connecting = connectWebSocket({ url: `ws://127.0.0.1:${port}/` })(context);
  expect(await state(Promise.resolve(connecting))).toBe('transport/closed');
  expect(Object.keys(await asked).filter((name) => /protocol|extensions/.test(name))).toEqual([]);
});

describe('connecting', () => {
  test('to a closed port is an error that may be retried', async () => {
    const server = createServer();
    const port = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    const url = `ws://127.0.0.1:${port}/`;
    await expect(connectWebSocket({ url })(context)).rejects.toMatchObject({
      code: 'transport/refused',
      retryable: true,
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
    // Browsers do not tell.
    const blind = connectWebSocket({ url, webSocket: WebSocket });
    await expect(blind(context)).rejects.toMatchObject({ code: 'transport/closed' });
  });

  test.each([
    [404, 'transport/refused'],
    [403, 'transport/refused'],
    [302, 'transport/refused'],
    [429, 'transport/closed'],
    [503, 'transport/closed'],
  ])('to a server that answers %d is %s', async (status, code) => {
    const server = createServer((_, response) => {
      response.writeHead(status, { location: 'ws://127.0.0.1:1/' }).end();
    });
    const port = await listening(server);
    const connect = connectWebSocket({ url: `ws://127.0.0.1:${port}/` });
    await expect(connect(context)).rejects.toMatchObject({ code, details: { status } });
  });

  test('is limited in time, and can be aborted', async () => {
    const server = createPlainServer(() => undefined);
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    onTestFinished(() => {
      server.close();
    });
    const address = server.address();
    const url = `ws://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`;
    for (const options of [{}, { webSocket: WebSocket }]) {
      const late = connectWebSocket({ url, connectTimeout: 50, ...options });
      await expect(late(context)).rejects.toMatchObject({ code: 'transport/timeout' });
      const controller = new AbortController();
      const reason = new Error('no longer wanted');
      const connecting = connectWebSocket({ url, ...options })({
        ...context,
        signal: controller.signal,
      });
      setTimeout(() => controller.abort(reason), 20);
      await expect(connecting).rejects.toBe(reason);
    }
  });

  test('with TLS refuses an untrusted certificate', async () => {
    const server = createSecureServer({ cert: pem('cert'), key: pem('key') });
    server.on('tlsClientError', () => undefined);
    const port = await listening(server);
    const connect = connectWebSocket({ url: `wss://localhost:${port}/` });
    await expect(connect(context)).rejects.toMatchObject({ code: 'transport/certificate' });
  });

  test.each(['http://127.0.0.1/', 'tcp://127.0.0.1:9394', 'nonsense'])(
    'to %s is an error of the caller',
    (url) => {
      expect(() => connectWebSocket({ url })).toThrow(TypeError);
    },
  );
});
