import type { Socket } from 'node:net';
import type { Transport } from '@dimp/core';
import type { SocketOptions } from '../socket/socket-transport.ts';
import { LineTransport } from './line-transport.ts';

/** Options for {@link acceptLines}. */
export interface AcceptLinesOptions extends SocketOptions {
  /** Bytes that were already read from the socket to detect its protocol. */
  readonly head?: Uint8Array;
}

/**
 * Takes over a socket that a server has accepted, plain or TLS: the station's side of JSON lines (spec §12.1). The
 * transport starts to read from the socket at once, and owns it.
 */
export function acceptLines(socket: Socket, options: AcceptLinesOptions): Transport {
  // The transport keeps the options, and the head would stay in memory with them.
  const { head, ...kept } = options;
  return new LineTransport(socket, kept, head);
}
