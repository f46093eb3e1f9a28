import type { Duplex } from 'node:stream';
import { type SocketContext, socketError } from '@dimp/core/transport';
import { ProtocolError } from '@dimp/foundation';
import type { WebSocket } from 'ws';
import {
  type Channel,
  type ChannelEvents,
  type CloseCode,
  isProperEnd,
} from '../connection/channel.ts';
import { UnfinishedGuard } from './unfinished-guard.ts';

/** A WebSocket of the `ws` package, for either side. */
export class WsChannel implements Channel {
  events: ChannelEvents;
  /** The server, on the client's side. */
  readonly peer: SocketContext | undefined;
  readonly #socket: WebSocket;
  readonly #connection: Duplex | undefined;
  #guard: UnfinishedGuard | undefined;

  /** @param options - the server, on the client's side; the connection of the socket, if the owner has it */
  constructor(
    socket: OwnedWebSocket,
    events: ChannelEvents,
    {
      peer,
      connection,
    }: { readonly peer?: SocketContext; readonly connection?: Duplex | undefined } = {},
  ) {
    this.peer = peer;
    this.#socket = socket;
    this.#connection = connection;
    this.events = events;
    socket[OWNER] = this;
    socket.on('message', onMessage);
    socket.on('ping', onPing);
    socket.on('pong', onPong);
    socket.on('error', onError);
    socket.on('close', onClose);
  }

  limitUnfinished(bytes: number | undefined): void {
    this.#guard?.[Symbol.dispose]();
    const limited = bytes !== undefined && this.#connection !== undefined;
    this.#guard = limited ? new UnfinishedGuard(this.#connection, bytes) : undefined;
  }

  /** A whole message, ping or pong has arrived. */
  completed(): void {
    this.#guard?.completed();
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(text: Uint8Array, done?: () => void): void {
    // The event `close` follows if it fails.
    this.#socket.send(text, TEXT, done === undefined ? ignore : unlessFailed(done));
  }

  ping(data: Uint8Array): void {
    this.#socket.ping(data, undefined, ignore);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(code: CloseCode): void {
    this.#socket.close(code);
  }

  terminate(): void {
    this.#socket.terminate();
  }
}

const TEXT: { readonly binary: false; readonly compress: false } = {
  binary: false,
  compress: false,
};

/** The channel of a socket. With it, listeners are shared: they take no memory for each connection. */
const OWNER: unique symbol = Symbol('channel');

interface OwnedWebSocket extends WebSocket {
  [OWNER]?: WsChannel;
}

function onMessage(this: OwnedWebSocket, data: unknown): void {
  this[OWNER]?.completed();
  // A copy: the buffer from `ws` is a part of a chunk, which would stay in memory as a whole.
  if (data instanceof Uint8Array) this[OWNER]?.events.received(new Uint8Array(data));
}

function onPing(this: OwnedWebSocket): void {
  this[OWNER]?.completed();
  this[OWNER]?.events.alive();
}

function onPong(this: OwnedWebSocket, data: Uint8Array): void {
  this[OWNER]?.completed();
  this[OWNER]?.events.alive(data);
}

function onError(this: OwnedWebSocket, error: Error): void {
  this[OWNER]?.events.closed(lost(error, this[OWNER].peer));
}

function onClose(this: OwnedWebSocket, code: number): void {
  const error = new ProtocolError('transport/closed', 'the connection was lost', {
    details: { code },
  });
  this[OWNER]?.events.closed(isProperEnd(code) ? undefined : error);
}

function lost(cause: Error, peer: SocketContext | undefined): ProtocolError {
  const code = 'code' in cause ? String(cause.code) : '';
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') {
    return new ProtocolError('format/limit', 'the message is longer than the limit', { cause });
  }
  if (code.startsWith('WS_ERR_')) {
    return new ProtocolError('transport/protocol', 'the peer violates the WebSocket protocol', {
      cause,
    });
  }
  return socketError(cause, peer);
}

function unlessFailed(done: () => void): (error?: Error | null) => void {
  return (error) => {
    if (error === undefined || error === null) done();
  };
}

function ignore(): void {}
