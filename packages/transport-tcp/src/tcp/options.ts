import type { SocketOptions } from '../socket/socket-transport.ts';
import type { ResendOptions } from './pending-sends.ts';

/** What both sides of a connection can be told. */
export interface TcpOptions extends Omit<SocketOptions, 'maxPayloadBytes'> {
  /** How often, and how soon, a payload is sent again that the peer does not acknowledge. */
  readonly resend?: ResendOptions;
  /**
   * Milliseconds without a whole package after which the peer counts as dead; 128,000 by default (spec §12.4). Each byte of
   * a package that is arriving adds a millisecond.
   */
  readonly idleTimeout?: number;
}
