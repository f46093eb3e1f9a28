import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { systemTimers, type Timers, type TransportFactory } from '@dimp/core';
import { socketError } from '@dimp/core/transport';
import { ProtocolError } from '@dimp/foundation';
import { MtpTransport } from './mtp-transport.ts';
import type { TcpOptions } from './options.ts';

/** Options for {@link connectTcp}. */
export interface ConnectTcpOptions extends TcpOptions {
  readonly host: string;
  /** 9394 on most stations (spec §12.1). */
  readonly port: number;
  /** Speaks TLS, and how: certificates of authorities, a certificate of its own. */
  readonly tls?: boolean | Omit<ConnectionOptions, 'host' | 'port' | 'path' | 'socket'>;
  /** Milliseconds to connect, including TLS; 30,000 by default (spec §11.6). */
  readonly connectTimeout?: number;
  /** Milliseconds of silence after which a PING is sent; 16,000 by default (spec §12.4). */
  readonly keepAlive?: number;
  readonly timers?: Timers;
}

/**
 * The client's side of MTP over TCP or TLS (spec §12.2–12.4).
 *
 * The factory throws `transport/timeout`; `transport/unknown-host`, `transport/unreachable`, `transport/refused` when
 * the host is not found, not reached or refuses the port; `transport/certificate` for a certificate that is not
 * accepted; `transport/protocol` when TLS fails otherwise; `transport/closed`; the reason of the signal, which later
 * closes the connection. The message names host, port, cause and remedy.
 *
 * @throws `RangeError` for a port out of range
 *
 * @example
 * ```ts
 * const connect = connectTcp({ host: '127.0.0.1', port: 9394 });
 * const transport = await connect({ maxPayloadBytes: 2 * 1024 * 1024 });
 * ```
 */
export function connectTcp(options: ConnectTcpOptions): TransportFactory {
  const { port, keepAlive = 16_000 } = options;
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new RangeError('port must be a whole number from 1 to 65535');
  }
  return async ({ signal, maxPayloadBytes }) => {
    signal?.throwIfAborted();
    return await dial(options, signal, (socket) => {
      const transport = new MtpTransport(socket, { ...options, maxPayloadBytes }, keepAlive);
      closeOnAbort(transport, socket, signal);
      return transport;
    });
  };
}

/** @param take - takes over the connected socket; called at once, so that no event of the socket is missed */
function dial<T>(
  options: ConnectTcpOptions,
  signal: AbortSignal | undefined,
  take: (socket: Socket) => T,
): Promise<T> {
  const socket = open(options);
  const { connectTimeout = 30_000, timers = systemTimers } = options;
  return new Promise<T>((resolve, reject) => {
    const timer = timers.after(connectTimeout, () => {
      fail(
        new ProtocolError(
          'transport/timeout',
          `${options.host}:${options.port} does not answer: is the port right, and open in the firewall?`,
          { details: { host: options.host, port: options.port } },
        ),
      );
    });
    const settle = (): void => {
      timer[Symbol.dispose]();
      signal?.removeEventListener('abort', abort);
      socket.off('error', failed);
      socket.off('close', closed);
    };
    const fail = (reason: unknown): void => {
      settle();
      // Errors of an abandoned socket are ignored.
      socket.on('error', () => undefined);
      socket.destroy();
      reject(reason);
    };
    const { host, port } = options;
    const failed = (cause: unknown): void => fail(socketError(cause, { host, port }));
    const closed = (): void =>
      fail(
        socketError(undefined, { host, port, lost: `${host}:${port} has closed the connection` }),
      );
    const abort = (): void => fail(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    socket.on('error', failed);
    socket.on('close', closed);
    socket.once(options.tls ? 'secureConnect' : 'connect', () => {
      settle();
      resolve(take(socket));
    });
  });
}

/**
 * Time for one address of a host before the next one is tried. Node's default of 250 is too short for
 * a slow network. If the network does not support the family of the next address, no connection would ever be made.
 */
const ATTEMPT_MS = 2500;

function open({ host, port, tls = false }: ConnectTcpOptions): Socket {
  if (tls === false)
    return connectPlain({ host, port, autoSelectFamilyAttemptTimeout: ATTEMPT_MS });
  // The name that the certificate must contain; TLS does not allow an address here.
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const own = tls === true ? {} : tls;
  return connectTls({
    ...servername,
    ...own,
    host,
    port,
    ...{ autoSelectFamilyAttemptTimeout: ATTEMPT_MS },
  });
}

function closeOnAbort(
  transport: MtpTransport,
  socket: Socket,
  signal: AbortSignal | undefined,
): void {
  if (signal === undefined) return;
  const close = (): void => void transport.close();
  signal.addEventListener('abort', close, { once: true });
  socket.once('close', () => signal.removeEventListener('abort', close));
}
