import type { ArrivalLimits, Sweep } from '@dimp/core/transport';
import type { ResendOptions } from './pending-sends.ts';

/** What both sides of a connection can be told. */
export interface TcpOptions extends ArrivalLimits {
  /** How often, and how soon, a payload is sent again that the peer does not acknowledge. */
  readonly resend?: ResendOptions;
  /**
   * Milliseconds without a whole package after which the peer counts as dead; 128,000 unless told (spec §12.4). Each byte of
   * a package that is arriving buys a millisecond.
   */
  readonly idleTimeout?: number;
  /** Milliseconds that {@link Transport.close} waits for the peer to take what is left; 5,000 unless told. */
  readonly closeTimeout?: number;
  /** The timer; a server shares one among all connections. */
  readonly sweep?: Sweep;
}
