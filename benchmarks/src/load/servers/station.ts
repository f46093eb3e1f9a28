// The station under load: its own identity with an RSA-2048 key, its store on disk, every check in place. Only the limits on
// what one address may send are lifted, since all of the load comes from one.
import { type AddressInfo, createServer } from 'node:net';
import { Facebook, register } from '@dimp/client';
import { EntityType } from '@dimp/mkm';
import { Station } from '@dimp/station';
import { lmdbStore } from '@dimp/store-lmdb';
import { acceptTcp } from '@dimp/transport-tcp';
import { acceptWebSocket } from '@dimp/transport-websocket/server';
import { WebSocketServer } from 'ws';
import { protocol } from '../../people.ts';
import { serve } from './serving.ts';

const [path = ''] = process.argv.slice(2);
const ENDLESS = { perSecond: 1e9, burst: 1e9 };
const COUNTLESS = 1_000_000;

const store = await lmdbStore({ path });
const facebook = new Facebook({ protocol, store });
const { id } = await register('bench', {
  facebook,
  network: EntityType.Station,
  keyOptions: { bits: 2048 },
});
const station = await Station.open({
  facebook,
  id,
  limits: {
    connections: COUNTLESS,
    connectionsPerAddress: COUNTLESS,
    connectionRate: ENDLESS,
    handshakeRate: ENDLESS,
    addressMessageRate: ENDLESS,
    addressByteRate: ENDLESS,
    userMessageRate: ENDLESS,
    userByteRate: ENDLESS,
  },
});
const remote = { address: '127.0.0.1', port: 1, secure: false };
const wss = new WebSocketServer({ noServer: true, perMessageDeflate: false });
const server =
  process.argv[3] === 'ws'
    ? (await import('node:http')).createServer().on('upgrade', (request, socket, head) => {
        wss.handleUpgrade(request, socket, head, (ws) => {
          void station.accept(acceptWebSocket(ws, { maxPayloadBytes: 2 ** 21 }), remote);
        });
      })
    : createServer({ noDelay: true }, (socket) => {
        void station.accept(acceptTcp(socket, { maxPayloadBytes: 2 ** 21 }), remote);
      });
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  serve({ port: (server.address() as AddressInfo).port }, async () => {
    server.close();
    await station.stop();
    await store[Symbol.asyncDispose]();
  });
});
