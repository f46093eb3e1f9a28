import type { Socket } from 'node:net';
import type { Transport } from '@dimp/core';
import { MtpTransport } from './mtp-transport.ts';
import type { TcpOptions } from './options.ts';

/** Options for {@link acceptTcp}. */
export interface AcceptTcpOptions extends TcpOptions {
  /** Longest payload accepted, in bytes; checked before memory is taken. */
  readonly maxPayloadBytes: number;
  /** Bytes that were already read from the socket to detect its protocol. */
  readonly head?: Uint8Array;
}

/**
 * Takes over a socket that a server has accepted, plain or TLS: the station's side of MTP, which never sends a PING
 * (spec §12.4). The transport starts to read from the socket at once, and owns it.
 */
export function acceptTcp(socket: Socket, options: AcceptTcpOptions): Transport {
  // The transport keeps the options, and the head would stay in memory with them.
  const { head, ...kept } = options;
  return new MtpTransport(socket, kept, undefined, head);
}
