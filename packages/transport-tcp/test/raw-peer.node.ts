import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Arrival, Transport } from '@dimp/core';
import { Sweep } from '@dimp/core/transport';
import { ManualTime, settled } from '@dimp/fixtures/time';
import { isProtocolError, utf8Decode, utf8Encode } from '@dimp/foundation';
import { onTestFinished } from 'vitest';
import {
  type AcceptTcpOptions,
  acceptTcp,
  type ConnectTcpOptions,
  connectTcp,
} from '../src/index.ts';
import { encodeFrame, MtpDecoder, type MtpFrame, type MtpFrameType } from '../src/mtp.ts';
import { idOf } from './helpers.ts';

/** A peer that is nothing but a socket and a decoder. */
export class RawPeer {
  readonly socket: Socket;
  readonly frames: MtpFrame[] = [];
  /** How its socket has ended. */
  ended = '';
  readonly #decoder = new MtpDecoder();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.frames.push(...this.#decoder.push(chunk)));
    socket.on('end', () => {
      this.ended ||= 'end';
    });
    socket.on('error', () => {
      this.ended ||= 'error';
    });
    onTestFinished(() => {
      socket.destroy();
    });
  }

  send(type: MtpFrameType, id: number, body: string, pages = 1, index = 0): void {
    this.write(encodeFrame({ type, id: idOf(id), pages, index, body: utf8Encode(body) }));
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Packages since the last call, as `type id body`. */
  async heard(): Promise<string[]> {
    await settled();
    return this.frames.splice(0).map(({ type, id, pages, index, body }) => {
      const page = pages > 1 ? ` ${index}/${pages}` : '';
      return `${type} ${id[7]}${page} ${utf8Decode(body)}`;
    });
  }
}

/** A transport of ours, the raw socket at the other end of it, and what has arrived. */
export interface Meeting {
  readonly transport: Transport;
  readonly peer: RawPeer;
  readonly time: ManualTime;
  /** Payloads that have arrived; not acknowledged by default. */
  readonly arrivals: Arrival[];
  /** How {@link Transport.incoming} ended. */
  readonly end: Promise<string>;
}

/** Lets a raw client meet the station's side. */
export async function meetStation(
  options: Partial<AcceptTcpOptions> & { readonly read?: boolean } = {},
): Promise<Meeting> {
  const time = new ManualTime();
  const sweep = new Sweep({ clock: time, timers: time });
  const { port, accepted } = await listening();
  const peer = new RawPeer(connect({ host: '127.0.0.1', port }));
  const defaults = { maxPayloadBytes: 100_000, sweep };
  const transport = acceptTcp(await accepted, { ...defaults, ...options });
  return { transport, peer, time, ...(await watch(transport, options.read ?? true)) };
}

/** Lets the client's side meet a raw server. */
export async function meetClient(
  options: Partial<ConnectTcpOptions> & { readonly read?: boolean } = {},
): Promise<Meeting> {
  const time = new ManualTime();
  const sweep = new Sweep({ clock: time, timers: time });
  const { port, accepted } = await listening();
  const connecting = connectTcp({ host: '127.0.0.1', port, sweep, ...options });
  const transport = await connecting({ maxPayloadBytes: 100_000 });
  const peer = new RawPeer(await accepted);
  return { transport, peer, time, ...(await watch(transport, options.read ?? true)) };
}

/** A server on a free port, and its first connection. */
export async function listening(): Promise<{
  readonly server: Server;
  readonly port: number;
  readonly accepted: Promise<Socket>;
}> {
  let take: (socket: Socket) => void = () => undefined;
  const accepted = new Promise<Socket>((resolve) => {
    take = resolve;
  });
  const server = createServer((socket) => {
    onTestFinished(() => {
      socket.destroy();
    });
    take(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.close();
  });
  const address = server.address();
  return {
    server,
    port: typeof address === 'object' && address !== null ? address.port : 0,
    accepted,
  };
}

async function watch(
  transport: Transport,
  read: boolean,
): Promise<Pick<Meeting, 'arrivals' | 'end'>> {
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
  const end = read ? reading() : new Promise<string>(() => undefined);
  await settled();
  return { arrivals, end };
}

/** The texts of arrivals. */
export function textsOf(arrivals: readonly Arrival[]): string[] {
  return arrivals.map(({ payload }) => utf8Decode(payload));
}

/** The code with which a call fails; `'none'` when it succeeds. */
export async function failure(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'none';
  } catch (error) {
    return isProtocolError(error) ? error.code : String(error);
  }
}
