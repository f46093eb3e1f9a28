import { createServer, type Server } from 'node:http';
import type { Arrival, Transport } from '@dimp/core';
import { Sweep } from '@dimp/core/transport';
import { ManualTime, settled } from '@dimp/fixtures/time';
import { isProtocolError, utf8Decode, utf8Encode } from '@dimp/foundation';
import { onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type ConnectWebSocketOptions, connectWebSocket } from '../src/index.ts';
import {
  type AcceptWebSocketOptions,
  acceptWebSocket,
  webSocketServerOptions,
} from '../src/server.ts';

/** A transport of ours, what is at the other end of it, and what has arrived. */
export interface Meeting {
  readonly transport: Transport;
  /** A bare WebSocket. */
  readonly peer: WebSocket;
  readonly time: ManualTime;
  readonly arrivals: Arrival[];
  /** The texts that the peer has received. */
  readonly heard: string[];
  /** How {@link Transport.incoming} ended. */
  readonly end: Promise<string>;
}

/** A server on a free port. */
export async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A server of WebSockets, and its first connection. */
export async function accepting(
  maxPayloadBytes = 100_000,
): Promise<{ readonly port: number; readonly accepted: Promise<WebSocket> }> {
  const server = createServer();
  const upgrade = new WebSocketServer(webSocketServerOptions({ maxPayloadBytes }));
  const accepted = new Promise<WebSocket>((resolve) => {
    server.on('upgrade', (request, socket, head) => {
      upgrade.handleUpgrade(request, socket, head, (webSocket) => {
        onTestFinished(() => webSocket.terminate());
        resolve(webSocket);
      });
    });
  });
  return { port: await listening(server), accepted };
}

/** Lets a bare client meet the station's side. */
export async function meetStation(
  options: Partial<AcceptWebSocketOptions> & { readonly autoPong?: boolean } = {},
): Promise<Meeting> {
  const time = new ManualTime();
  const sweep = new Sweep({ clock: time, timers: time });
  const { maxPayloadBytes = 100_000, autoPong = true } = options;
  const { port, accepted } = await accepting(maxPayloadBytes);
  const peer = new WebSocket(`ws://127.0.0.1:${port}/`, { autoPong });
  const heard = listen(peer);
  const socket = await accepted;
  const transport = acceptWebSocket(socket, { maxPayloadBytes, sweep, ...options });
  await new Promise<void>((resolve) => {
    peer.on('open', () => resolve());
  });
  return { transport, peer, time, heard, ...(await watch(transport)) };
}

/** Lets the client's side meet a bare server. */
export async function meetClient(options: Partial<ConnectWebSocketOptions> = {}): Promise<Meeting> {
  const time = new ManualTime();
  const sweep = new Sweep({ clock: time, timers: time });
  const { port, accepted } = await accepting(10_000_000);
  const url = `ws://127.0.0.1:${port}/`;
  const connecting = connectWebSocket({ url, sweep, ...options });
  const transport = await connecting({ maxPayloadBytes: 100_000 });
  const peer = await accepted;
  return { transport, peer, time, heard: listen(peer), ...(await watch(transport)) };
}

function listen(peer: WebSocket): string[] {
  const heard: string[] = [];
  peer.on('error', () => undefined);
  peer.on('message', (data, isBinary) => {
    heard.push(`${isBinary ? 'binary ' : ''}${String(data)}`);
  });
  onTestFinished(() => peer.terminate());
  return heard;
}

async function watch(transport: Transport): Promise<Pick<Meeting, 'arrivals' | 'end'>> {
  const arrivals: Arrival[] = [];
  onTestFinished(() => {
    void transport.close();
  });
  const reading = async (): Promise<string> => {
    try {
      for await (const arrival of transport.incoming) arrivals.push(arrival);
      return 'end';
    } catch (error) {
      return isProtocolError(error) ? error.code : String(error);
    }
  };
  const end = reading();
  await settled();
  return { arrivals, end };
}

/** The texts of arrivals. */
export function textsOf(arrivals: readonly Arrival[]): string[] {
  return arrivals.map(({ payload }) => utf8Decode(payload));
}

/** A message with a signature. */
export function message(signature: string, more: object = {}): Uint8Array {
  return utf8Encode(JSON.stringify({ ...more, time: 1_700_000_000.25, signature }));
}

/** How a call has ended by now. */
export async function state(call: Promise<unknown>): Promise<string> {
  const outcome = call.then(
    () => 'sent',
    (error: unknown) => (isProtocolError(error) ? error.code : String(error)),
  );
  return await Promise.race([outcome, settled().then(() => 'waits')]);
}
