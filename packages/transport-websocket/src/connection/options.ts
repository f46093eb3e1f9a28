import type { ArrivalLimits, Sweep } from '@dimp/core/transport';

/** Options for both sides of a connection. */
export interface WebSocketOptions extends ArrivalLimits {
  /** Milliseconds without a whole message after which the peer counts as dead; 128,000 by default (spec §12.4). */
  readonly idleTimeout?: number;
  /** Bytes that may wait for the network; beyond it payloads wait to be written. 4 MiB by default. */
  readonly maxBufferedBytes?: number;
  /** Milliseconds for which so many bytes may wait before the connection is ended; 60,000 by default. */
  readonly slowTimeout?: number;
  /** Milliseconds that {@link Transport.close} waits for the peer to take what is left; 5,000 by default. */
  readonly closeTimeout?: number;
  /** The timer; a server shares one among all connections. */
  readonly sweep?: Sweep;
}
