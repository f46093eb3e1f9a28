import type { Socket } from 'node:net';
import type { Transport } from '@dimp/core';
import { MtpTransport } from './mtp-transport.ts';
import type { TcpOptions } from './options.ts';

/** What {@link acceptTcp} has to be told. */
export interface AcceptTcpOptions extends TcpOptions {
  /** Longest payload accepted, in bytes; checked before memory is taken. */
  readonly maxPayloadBytes: number;
  /** Bytes that were read from the socket already, to find out what it speaks. */
  readonly head?: Uint8Array;
}

/**
 * Takes over a socket that a server has accepted, plain or TLS: the station's side of MTP, which never sends a PING
 * (spec §12.4). The transport reads from the socket at once and closes it in the end.
 */
export function acceptTcp(socket: Socket, options: AcceptTcpOptions): Transport {
  // The transport keeps the options, and the head would stay in memory with them.
  const { head, ...kept } = options;
  return new MtpTransport(socket, kept, undefined, head);
}
