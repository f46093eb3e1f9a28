import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Server } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { createServer as createSecureServer } from 'node:tls';
import type { Transport, TransportFactory } from '@dimp/core';
import { pem } from '@dimp/fixtures/certificate';
import { utf8Encode } from '@dimp/foundation';
import { type OpenPair, transportCompliance } from '@dimp/testing/compliance';
import { acceptTcp, connectTcp } from '@dimp/transport-tcp';
import { connectWebSocket } from '@dimp/transport-websocket';
import { acceptWebSocket, webSocketServerOptions } from '@dimp/transport-websocket/server';
import { afterAll, describe, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

const own = { cert: pem('cert'), key: pem('key') };
const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});

/** A server on a free port whose connections are taken by the newest call. */
async function listening<T>(
  server: Server,
  accept: (take: (connection: T) => void) => void,
): Promise<{ readonly port: number; next(): Promise<T> }> {
  servers.push(server);
  let take: (connection: T) => void = () => undefined;
  accept((connection) => take(connection));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    next: () =>
      new Promise((resolve) => {
        take = resolve;
      }),
  };
}

/** Connects the left end to a server that takes the right one. */
function opening<T>(
  server: { next(): Promise<T> },
  connect: TransportFactory,
  accept: (connection: T, maxPayloadBytes: number) => Transport,
): OpenPair {
  return async ({ maxPayloadBytes: [left, right], signal }) => {
    const accepted = server.next().then((connection) => accept(connection, right));
    const context = signal === undefined ? {} : { signal };
    const client = await connect({ ...context, maxPayloadBytes: left });
    return [client, await accepted];
  };
}

describe.each([false, true])('over TCP, with TLS: %s', async (secure) => {
  const plain = createServer({ noDelay: true });
  const server = secure ? createSecureServer(own) : plain;
  const event = secure ? 'secureConnection' : 'connection';
  const listener = await listening<Socket>(server, (take) => server.on(event, take));
  let below: Socket | undefined;
  server.on('connection', (socket) => {
    below = socket;
  });
  const connect = connectTcp({
    host: 'localhost',
    port: listener.port,
    tls: secure && { ca: pem('cert') },
  });
  transportCompliance(test, {
    open: opening(listener, connect, (socket, maxPayloadBytes) =>
      acceptTcp(socket, { maxPayloadBytes }),
    ),
    lose: () => {
      below?.resetAndDestroy();
    },
    acknowledged: ['left', 'right'],
    signals: true,
  });
});

describe.each([
  ['ws', false],
  ['ws', true],
  ['a WebSocket as in browsers', false],
] as const)('over WebSocket, by %s, with TLS: %s', async (kind, secure) => {
  const server = secure ? createHttpsServer(own) : createHttpServer();
  const listener = await listening<WebSocket>(server, (take) => {
    const sockets = new Map<number, WebSocketServer>();
    server.on('upgrade', (request, socket, head) => {
      const max = maxOfNext;
      let upgrade = sockets.get(max);
      if (upgrade === undefined) {
        upgrade = new WebSocketServer(webSocketServerOptions({ maxPayloadBytes: max }));
        sockets.set(max, upgrade);
      }
      upgrade.handleUpgrade(request, socket, head, take);
    });
  });
  let maxOfNext = 0;
  let right: WebSocket | undefined;
  const portable = kind === 'ws' ? {} : { webSocket: WebSocket };
  const connect = connectWebSocket({
    url: `${secure ? 'wss' : 'ws'}://localhost:${listener.port}/`,
    ...(secure ? { tls: { ca: pem('cert') } } : {}),
    ...portable,
  });
  const open = opening(listener, connect, (socket, maxPayloadBytes) => {
    right = socket;
    return acceptWebSocket(socket, { maxPayloadBytes });
  });
  transportCompliance(test, {
    open: async (request) => {
      [, maxOfNext] = request.maxPayloadBytes;
      const [client, station] = await open(request);
      // From the first acknowledgement on, the station waits for one.
      const sending = station.send(utf8Encode('{"signature":"first","time":1}'));
      for await (const arrival of client.incoming) {
        arrival.acknowledge();
        break;
      }
      await sending;
      await client.send(utf8Encode('{}'));
      for await (const _ of station.incoming) break;
      return [client, station];
    },
    lose: () => right?.terminate(),
    acknowledged: ['right'],
    pausing: kind === 'ws' ? ['left', 'right'] : ['right'],
    signals: true,
  });
});
