import type { SocketOptions } from '../socket/socket-transport.ts';
import type { ResendOptions } from './pending-sends.ts';

/** Options for both sides of a connection. */
export interface TcpOptions extends Omit<SocketOptions, 'maxPayloadBytes'> {
  /** How often, and after how long, an unacknowledged payload is sent again. */
  readonly resend?: ResendOptions;
  /**
   * Milliseconds without a whole package after which the peer counts as dead; 128,000 by default (spec §12.4). Each
   * byte of a package that is arriving adds a millisecond.
   */
  readonly idleTimeout?: number;
}
