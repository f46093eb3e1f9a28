import type { ArrivalLimits, Sweep } from '@dimp/core/transport';

/** What both sides of a connection can be told. */
export interface WebSocketOptions extends ArrivalLimits {
  /** Milliseconds without a whole message after which the peer counts as dead; 128,000 unless told (spec §12.4). */
  readonly idleTimeout?: number;
  /** Bytes that may wait for the network; beyond it a payload waits to be handed over. 4 MiB unless told. */
  readonly maxBufferedBytes?: number;
  /** Milliseconds for which that many may wait before the connection is given up; 60,000 unless told. */
  readonly slowTimeout?: number;
  /** Milliseconds that {@link Transport.close} waits for the peer to take what is left; 5,000 unless told. */
  readonly closeTimeout?: number;
  /** The timer; a server shares one among all connections. */
  readonly sweep?: Sweep;
}
