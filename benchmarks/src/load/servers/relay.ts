// The bare relay that the station is compared with: `ws`, JSON.parse, send. It verifies no signature and stores nothing.
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { serve } from './serving.ts';

const peers = new Map<string, WebSocket>();
const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  perMessageDeflate: false,
  backlog: 4096,
});

server.on('connection', (socket) => {
  socket.on('message', (data: Buffer) => {
    const { receiver, login } = JSON.parse(data.toString()) as {
      receiver?: string;
      login?: string;
    };
    if (login !== undefined) {
      peers.set(login, socket);
      socket.send('{}');
    } else if (receiver !== undefined) {
      peers.get(receiver)?.send(data, { binary: false });
    }
  });
});
server.on('listening', () => serve({ port: (server.address() as AddressInfo).port }));
